"""The columns of both exports, with their types.

- The detailed usage cost export: cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage
- INFORMATION_SCHEMA.JOBS: cloud.google.com/bigquery/docs/information-schema-jobs, without the stages and the timeline
  of a job, which would be most of the file.
"""

from __future__ import annotations

import polars as pl

TIME = pl.Datetime("us", "UTC")
NUMERIC = pl.Decimal(38, 9)
PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
TABLE = pl.Struct({"project_id": pl.String, "dataset_id": pl.String, "table_id": pl.String})
NAMED = pl.Struct({"id": pl.String, "description": pl.String})

CHARGES = pl.Schema(
    {
        "billing_account_id": pl.String,
        "service": NAMED,
        "sku": NAMED,
        "usage_start_time": TIME,
        "usage_end_time": TIME,
        "project": pl.Struct(
            {
                "id": pl.String,
                "number": pl.String,
                "name": pl.String,
                "labels": PAIRS,
                "ancestry_numbers": pl.String,
                "ancestors": pl.List(pl.Struct({"resource_name": pl.String, "display_name": pl.String})),
            }
        ),
        "labels": PAIRS,
        "system_labels": PAIRS,
        "location": pl.Struct({"location": pl.String, "country": pl.String, "region": pl.String, "zone": pl.String}),
        "resource": pl.Struct({"name": pl.String, "global_name": pl.String}),
        "tags": pl.List(
            pl.Struct({"key": pl.String, "value": pl.String, "inherited": pl.Boolean, "namespace": pl.String})
        ),
        "price": pl.Struct(
            {
                "list_price": NUMERIC,
                "effective_price_default": NUMERIC,
                "list_price_consumption_model": NUMERIC,
                "effective_price": NUMERIC,
                "tier_start_amount": NUMERIC,
                "unit": pl.String,
                "pricing_unit_quantity": NUMERIC,
            }
        ),
        "subscription": pl.Struct({"instance_id": pl.String}),
        "transaction_type": pl.String,
        "seller_name": pl.String,
        "export_time": TIME,
        "cost": pl.Float64,
        "currency": pl.String,
        "currency_conversion_rate": pl.Float64,
        "usage": pl.Struct(
            {
                "amount": pl.Float64,
                "unit": pl.String,
                "amount_in_pricing_units": pl.Float64,
                "pricing_unit": pl.String,
            }
        ),
        "credits": pl.List(
            pl.Struct(
                {
                    "name": pl.String,
                    "amount": pl.Float64,
                    "full_name": pl.String,
                    "id": pl.String,
                    "type": pl.String,
                }
            )
        ),
        "invoice": pl.Struct({"month": pl.String, "publisher_type": pl.String}),
        "cost_type": pl.String,
        "adjustment_info": pl.Struct({"id": pl.String, "description": pl.String, "mode": pl.String, "type": pl.String}),
        "cost_at_list": pl.Float64,
        "cost_at_effective_price_default": NUMERIC,
        "cost_at_list_consumption_model": NUMERIC,
        "consumption_model": NAMED,
    }
)

JOBS = pl.Schema(
    {
        "creation_time": TIME,
        "project_id": pl.String,
        "project_number": pl.Int64,
        "user_email": pl.String,
        "job_id": pl.String,
        "job_type": pl.String,
        "statement_type": pl.String,
        "priority": pl.String,
        "start_time": TIME,
        "end_time": TIME,
        "query": pl.String,
        "state": pl.String,
        "reservation_id": pl.String,
        "total_bytes_processed": pl.Int64,
        "total_slot_ms": pl.Int64,
        "error_result": pl.Struct(
            {"reason": pl.String, "location": pl.String, "debug_info": pl.String, "message": pl.String}
        ),
        "cache_hit": pl.Boolean,
        "destination_table": TABLE,
        "referenced_tables": pl.List(TABLE),
        "labels": PAIRS,
        "total_bytes_billed": pl.Int64,
        "transaction_id": pl.String,
        "parent_job_id": pl.String,
        "total_modified_partitions": pl.Int64,
        "query_info": pl.Struct({"query_hashes": pl.Struct({"normalized_literals": pl.String})}),
        "query_dialect": pl.String,
        "edition": pl.String,
        "job_creation_reason": pl.Struct({"code": pl.String}),
    }
)
