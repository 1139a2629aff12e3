"""Trains one model per segment and stores it with its mean SHAP values."""

import joblib
import lightgbm as lgb
import pandas as pd
import shap
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from preprocess import prepare

FEATURES = [
    "tenure_days",
    "events_7d",
    "events_30d",
    "events_90d",
    "sessions_90d",
    "purchases_90d",
    "revenue_90d",
    "revenue_per_purchase",
    "recent_share",
    "days_since_last_event",
    "tickets",
    "satisfaction",
]


def main(snapshot: str = "2026-10-01") -> None:
    frame = prepare(snapshot)
    scores = {}
    for segment in frame["segment"].unique():
        rows = frame[frame["segment"] == segment]
        train, test = train_test_split(rows, test_size=0.2, random_state=7, stratify=rows["churned"])
        model = lgb.LGBMClassifier(n_estimators=800, learning_rate=0.03, num_leaves=63)
        model.fit(train[FEATURES], train["churned"], sample_weight=train["weight"])
        scores[segment] = roc_auc_score(test["churned"], model.predict_proba(test[FEATURES])[:, 1])

        explainer = shap.TreeExplainer(model)
        importance = abs(explainer.shap_values(train[FEATURES])).mean(axis=0)
        joblib.dump({"model": model, "importance": dict(zip(FEATURES, importance))}, f"models/{segment}.joblib")
    print(pd.Series(scores).sort_values())


if __name__ == "__main__":
    main()
