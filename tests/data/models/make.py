"""Makes the small models of this directory and what their libraries say of some rows.

Random data from a seed, no one's records. Run in this directory with lightgbm 4, xgboost 3 and
numpy, and skl2onnx with onnxruntime; the files of the same versions come out the same.
"""

import json

import lightgbm
import numpy
import onnxruntime
import skl2onnx
import sklearn.ensemble
import xgboost

random = numpy.random.default_rng(20261122)
COLUMNS = ["amount_eur", "custom.visits", "hour_utc", "custom.shelf"]
EDGES = [0.0, -0.0, 5e-324, -5e-324, 1e-40, 1e-35, 1.1e-35, -1e-35, numpy.nan]


def table(rows):
    x = numpy.round(random.normal(size=(rows, 4)), 3)
    x[:, 2] = random.integers(0, 24, rows)
    x[:, 3] = random.integers(0, 12, rows)
    x[random.random((rows, 4)) < 0.1] = numpy.nan
    x[random.random(rows) < 0.1, 1] = 0.0
    odd = numpy.isin(x[:, 3], [1, 4, 7, 11]) ^ (numpy.nan_to_num(x[:, 0]) + x[:, 1] > 0.3)
    return x, (odd ^ (random.random(rows) < 0.1)).astype(int)


def awkward(x, edges):
    rows = x[random.integers(0, len(x), 60)].copy()
    for column in (0, 1):
        hit = random.random(60) < 0.4
        rows[hit, column] = random.choice(edges, hit.sum())
    rows[::9, 3] = 40
    return rows


def write(name, rows, margins, probabilities, contributions=None):
    with open(f"{name}.expected.jsonl", "w") as out:
        for place, (row, margin, probability) in enumerate(zip(rows, margins, probabilities)):
            line = {"row": [repr(float(v)) for v in row], "margin": margin, "probability": float(probability)}
            line["margin"] = None if margin is None else float(margin)
            if contributions is not None:
                line["contributions"] = [float(value) for value in contributions[place]]
            out.write(json.dumps(line) + "\n")


x, y = table(1500)
for name, extra in [
    ("lightgbm", {}),
    ("lightgbm-zero", {"zero_as_missing": True}),
    ("lightgbm-none", {"use_missing": False, "sigmoid": 2.0}),
    ("lightgbm-dart", {"boosting": "dart", "drop_rate": 0.5, "skip_drop": 0.0}),
]:
    parameters = {"objective": "binary", "num_leaves": 6, "verbose": -1, "min_data_per_group": 5}
    parameters |= {"seed": 1, "deterministic": True, "num_threads": 1} | extra
    data = lightgbm.Dataset(x, y, feature_name=COLUMNS, categorical_feature=[3])
    model = lightgbm.train(parameters, data, 5)
    text = model.model_to_string()
    open(f"{name}.txt", "w").write(text[: text.index("feature_importances")] + "\n")
    rows = awkward(x, EDGES + [numpy.inf, -numpy.inf])
    contributions = model.predict(rows, pred_contrib=True)
    write(name, rows, model.predict(rows, raw_score=True), model.predict(rows), contributions)

x = x.astype(numpy.float32)
kinds = ["q", "q", "q", "c"]
for name, extra in [("xgboost", {}), ("xgboost-dart", {"booster": "dart", "rate_drop": 0.5})]:
    data = xgboost.DMatrix(x, y, feature_names=COLUMNS, feature_types=kinds, enable_categorical=True)
    parameters = {"objective": "binary:logistic", "max_depth": 3, "seed": 1, "nthread": 1} | extra
    model = xgboost.train(parameters, data, 5)
    model.save_model(f"{name}.json")
    model.save_model(f"{name}.ubj")
    rows = awkward(x.astype(float), EDGES).astype(numpy.float32)
    rows[::9, 3] = 11
    data = xgboost.DMatrix(rows, feature_names=COLUMNS, feature_types=kinds, enable_categorical=True)
    contributions = model.predict(data, pred_contribs=True)
    write(name, rows, model.predict(data, output_margin=True), model.predict(data), contributions)

x = numpy.nan_to_num(x)
rows = numpy.nan_to_num(awkward(x.astype(float), EDGES)).astype(numpy.float32)
for name, model in [
    ("boosting", sklearn.ensemble.GradientBoostingClassifier(n_estimators=5, max_depth=2)),
    ("forest", sklearn.ensemble.RandomForestClassifier(3, max_depth=4)),
]:
    model.set_params(random_state=1).fit(x, y)
    graph = skl2onnx.to_onnx(model, x[:1], options={"zipmap": False}).SerializeToString()
    open(f"{name}.onnx", "wb").write(graph)
    _, probabilities = onnxruntime.InferenceSession(graph).run(None, {"X": rows})
    write(name, rows, [None] * len(rows), probabilities[:, 1])
