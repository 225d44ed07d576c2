"""Makes drift-values.json beside it: distances as SciPy has them.

    python -m venv v && v/bin/pip install scipy==1.17.1 numpy==2.4.6 && v/bin/python test/cases/drift-values.py
"""
import json
import pathlib

import numpy
import scipy
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, ks_2samp, kstwobign, wasserstein_distance

random = numpy.random.default_rng(20240131)


def rounded(values):
    return [round(float(value), 4) for value in values]


def sample(name, baseline, current):
    statistic = ks_2samp(baseline, current).statistic
    rows = len(baseline) * len(current) / (len(baseline) + len(current))
    return {
        "name": name,
        "baseline": baseline,
        "current": current,
        "ks": float(statistic),
        "p": float(kstwobign.sf(numpy.sqrt(rows) * statistic)),
        "wasserstein": float(wasserstein_distance(baseline, current)),
        "deviation": float(numpy.std(baseline)),
    }


def shares(name, p, q):
    p, q = numpy.array(p, dtype=float), numpy.array(q, dtype=float)
    p, q = p / p.sum(), q / q.sum()
    both = bool((p > 0).all() and (q > 0).all())
    return {
        "name": name,
        "p": p.tolist(),
        "q": q.tolist(),
        "js": float(jensenshannon(p, q)),
        # without an empty bin the index is the sum of both relative entropies
        "psi": float(entropy(p, q) + entropy(q, p)) if both else None,
        "hellinger": float(numpy.sqrt(((numpy.sqrt(p) - numpy.sqrt(q)) ** 2).sum() / 2)),
        "lInfinity": float(numpy.abs(p - q).max()),
    }


def deciles(name, baseline, current):
    """Of the bins that deciles of the baseline bound; no value is missing, and the least is no decile."""
    edges = numpy.unique(numpy.quantile(baseline, numpy.arange(1, 10) / 10, method="inverted_cdf"))
    counts = [numpy.bincount(numpy.searchsorted(edges, values), minlength=len(edges) + 1) for values in (baseline, current)]
    return {**shares(name, *counts), "baseline": baseline, "current": current}


document = {
    "versions": {"scipy": scipy.__version__, "numpy": numpy.__version__},
    "samples": [
        sample("steps", [37 * i % 101 + 0.5 for i in range(500)], [1.2 * (53 * i % 97) + 4 for i in range(400)]),
        sample("normal", rounded(random.normal(50, 10, 300)), rounded(random.normal(53, 12, 200))),
        sample("heavy tails", rounded(random.standard_cauchy(250)), rounded(random.standard_cauchy(300) + 0.3)),
        sample("apart", rounded(random.uniform(0, 1, 120)), rounded(random.uniform(5, 9, 80))),
        sample("whole numbers", [int(v) for v in random.poisson(6, 400)], [int(v) for v in random.poisson(7, 350)]),
        sample("the same", [float(i % 7) for i in range(140)], [float(i % 7) for i in range(70)]),
        sample("one value", [5.0] * 100, [5.0] * 60 + [6.0] * 40),
    ],
    "shares": [
        shares("an empty bin", [50, 30, 20, 0], [40, 30, 20, 10]),
        shares("two", [0.5, 0.5], [0.9, 0.1]),
        shares("equal", [3, 2, 5], [3, 2, 5]),
        shares("apart", [1, 0], [0, 1]),
        shares("many", random.integers(1, 1000, 51).tolist(), random.integers(1, 1000, 51).tolist()),
    ],
    "deciles": [
        deciles("normal", rounded(random.normal(0, 1, 500)), rounded(random.normal(0.5, 1.3, 400))),
        deciles("exponential", rounded(random.exponential(3, 1000)), rounded(random.exponential(4, 900))),
        deciles("steps", [37 * i % 101 + 0.5 for i in range(500)], [1.2 * (53 * i % 97) + 4 for i in range(400)]),
    ],
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(document) + "\n")
