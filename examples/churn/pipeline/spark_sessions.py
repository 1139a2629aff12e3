"""Session features from raw page views; runs on Dataproc, weekly."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

COUNTRIES = ["DE", "FR", "NL", "PL", "SE"]
OUTPUT = "gs://kestrel-ml/churn/sessions"


@F.udf(returnType=StringType())
def device_family(user_agent):
    if user_agent is None:
        return "unknown"
    if "Android" in user_agent or "iPhone" in user_agent:
        return "mobile"
    return "desktop"


def main() -> None:
    spark = SparkSession.builder.appName("churn-sessions").getOrCreate()
    views = spark.read.parquet("gs://kestrel-raw/page_views/")
    sessions = (
        views.filter(F.col("view_date") >= F.date_sub(F.current_date(), 90))
        .withColumn("device", device_family(F.col("user_agent")))
        .groupBy("customer_id", "session_id", "country", "device")
        .agg(
            F.count("*").alias("views"),
            (F.max("viewed_at").cast("long") - F.min("viewed_at").cast("long")).alias("seconds"),
        )
    )

    for country in COUNTRIES:
        count = sessions.filter(F.col("country") == country).count()
        print(f"{country}: {count} sessions")

    known = {row["customer_id"] for row in spark.read.parquet("gs://kestrel-raw/customers/").collect()}
    print(f"{len(known)} known customers")

    sessions.write.mode("overwrite").partitionBy("country").parquet(OUTPUT)

    mobile_share = sessions.groupBy("device").agg(F.sum("views").alias("views")).toPandas()
    print(mobile_share)
    durations = sessions.select("customer_id", "seconds").toPandas()
    durations.to_csv("/tmp/durations.csv", index=False)


if __name__ == "__main__":
    main()
