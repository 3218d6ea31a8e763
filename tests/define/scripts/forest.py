"""A scikit-learn style script: one result at the end, choices, a flag with its opposite."""

import argparse
import json


def build():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?", default="iris")
    parser.add_argument("--n_estimators", type=int, default=200)
    parser.add_argument("--max_depth", type=int, default=None)
    parser.add_argument("--criterion", choices=["gini", "entropy", "log_loss"], default="gini")
    parser.add_argument("--max-features", choices=["sqrt", "log2"], default="sqrt")
    parser.add_argument("--bootstrap", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--ccp-alpha", type=float, default=0.0)
    parser.add_argument("--random_seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    return parser


if __name__ == "__main__":
    o = build().parse_args()
    score = 0.9 + o.n_estimators / 1e4 - o.ccp_alpha + (0.01 if o.bootstrap else 0)
    print(json.dumps({"f1_macro": score, "fit_seconds": 0.1, "trees": o.n_estimators}))
