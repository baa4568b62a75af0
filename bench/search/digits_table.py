"""Makes digits-table.json, once: the validation loss of every small network of a grid, on handwritten digits.

    OMP_NUM_THREADS=1 python bench/search/digits_table.py > bench/search/digits-table.json

Needs scikit-learn (the table names its version). The digits are scikit-learn's copy of "Optical Recognition of
Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, doi 10.24432/C50P49, licensed
under CC BY 4.0; the table holds losses only, none of the data.
"""

import itertools
import json
import warnings

import numpy
import sklearn
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

# The last axis changes fastest. A network is trained once for all its numbers of epochs.
AXES = {
    "solver": ["adam", "sgd"],
    "lr": [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
    "hidden": [8, 16, 32, 64, 128],
    "alpha": [1e-6, 1e-4, 1e-2, 1],
    "batch": [16, 64, 256],
    "epochs": [2, 5, 10, 20, 40],
}
# What a network that diverged counts as: that of guessing among ten digits, and more.
WORST = 5.0


def losses(train, validation, solver, lr, hidden, alpha, batch):
    """The mean cross-entropy in nats on the validation part, after each number of epochs."""
    network = MLPClassifier((hidden,), solver=solver, learning_rate_init=lr, alpha=alpha, batch_size=batch, random_state=0)
    classes = numpy.arange(10)
    for epoch in range(1, AXES["epochs"][-1] + 1):
        try:
            network.partial_fit(*train, classes=classes)
            predicted = network.predict_proba(validation[0])
            loss = log_loss(validation[1], predicted) if epoch in AXES["epochs"] else None
        except ValueError:  # weights that are no numbers any more
            loss = WORST
        if epoch in AXES["epochs"]:
            yield round(min(WORST, float(loss)), 4)


def main():
    warnings.simplefilter("ignore")
    digits = load_digits()
    parts = train_test_split(digits.data / 16, digits.target, test_size=0.3, random_state=0, stratify=digits.target)
    train, validation = (parts[0], parts[2]), (parts[1], parts[3])
    grid = itertools.product(*list(AXES.values())[:-1])
    table = [loss for settings in grid for loss in losses(train, validation, *settings)]
    made_with = f"scikit-learn {sklearn.__version__}, numpy {numpy.__version__}"
    print(json.dumps({"madeWith": made_with, "axes": AXES, "losses": table}))


if __name__ == "__main__":
    main()
