"""Makes the forests that `cargo bench --bench forest` of this directory scores, and what LightGBM says.

Random data from a seed. Needs lightgbm 4 and numpy; with lleaves 1 and a C compiler also the same
forests compiled. Writes into the directory given as the only argument:

    pip install lightgbm lleaves
    python forests.py /tmp/forests
    VOUCH_FORESTS=/tmp/forests cargo bench --bench forest
"""

import pathlib
import subprocess
import sys

import lightgbm
import numpy

SHAPES = [(15, 500), (30, 500), (100, 500), (15, 1000)]
ROWS = 1000


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    library = pathlib.Path(lightgbm.__file__).parent
    (out / "lightgbm").write_text(str(next(library.rglob("lib_lightgbm.so"))))
    for features, trees in SHAPES:
        random = numpy.random.default_rng(features)
        x = random.normal(size=(20_000, features))
        x[random.random(x.shape) < 0.05] = numpy.nan
        odds = numpy.nan_to_num(x) @ random.normal(size=features) + numpy.nan_to_num(x[:, 0] * x[:, 1])
        y = (odds + random.normal(size=len(odds)) > 1).astype(int)
        data = lightgbm.Dataset(x, y)
        parameters = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.05, "verbose": -1}
        parameters |= {"seed": 1, "deterministic": True, "num_threads": 2}
        model = lightgbm.train(parameters, data, trees)
        name = f"f{features}_t{trees}"
        model.save_model(out / f"{name}.txt")
        rows = x[:ROWS]
        rows.astype("<f8").tofile(out / f"{name}.rows")
        model.predict(rows, raw_score=True).astype("<f8").tofile(out / f"{name}.margins")
        compiled(out / name)


def compiled(stem):
    try:
        import lleaves
    except ImportError:
        return
    model = lleaves.Model(f"{stem}.txt")
    model.compile(cache=f"{stem}.o", raw_score=True, froot_func_name="forest_root")
    subprocess.run(["cc", "-shared", "-o", f"{stem}.so", f"{stem}.o"], check=True)


main()
