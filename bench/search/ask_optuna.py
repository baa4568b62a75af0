"""Asks Optuna for configurations: one JSON a line, losses in, configurations out. Started by contestants.ts."""

import json
import platform
import sys
import warnings

import numpy
import optuna


def suggest(trial, name, options):
    if options["type"] == "categorical":
        return trial.suggest_categorical(name, options["choices"])
    draw = trial.suggest_int if options["type"] == "int" else trial.suggest_float
    return draw(name, options["low"], options["high"], log=options.get("log", False))


def is_active(options, spec):
    conditions = options.get("when", {}).items()
    return all(spec.get(name) in (wanted if isinstance(wanted, list) else [wanted]) for name, wanted in conditions)


def search(space, seed, evaluations, options):
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, **options))
    for _ in range(evaluations):
        trial = study.ask()
        spec = {}
        for name, parameter in space.items():
            if is_active(parameter, spec):
                spec[name] = suggest(trial, name, parameter)
        say(spec)
        study.tell(trial, json.loads(sys.stdin.readline()))


def say(message):
    print(json.dumps(message), flush=True)


def main():
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    say({"optuna": optuna.__version__, "numpy": numpy.__version__, "python": platform.python_version()})
    for line in sys.stdin:
        search(**json.loads(line))


if __name__ == "__main__":
    main()
