"""Open an exported log with MLflow's own file store: every run with its history, and the registered model by its alias.

usage: zip.py EXPORTED.zip
"""

import os
import sys
import tempfile
import zipfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow
from mlflow.tracking import MlflowClient

folder = tempfile.mkdtemp()
with zipfile.ZipFile(sys.argv[1]) as archive:
    archive.extractall(folder)
os.chdir(folder)
mlflow.set_tracking_uri("./mlruns")
client = MlflowClient()
experiments = client.search_experiments()
assert experiments, "no experiment was found"
points = 0
for experiment in experiments:
    runs = client.search_runs([experiment.experiment_id])
    for run in runs:
        for key in run.data.metrics:
            points += len(client.get_metric_history(run.info.run_id, key))
        client.list_artifacts(run.info.run_id)
    print(f"{experiment.name}: {len(runs)} runs")
print(f"{points} points of metrics")
for model in client.search_registered_models():
    for alias in model.aliases:
        version = client.get_model_version_by_alias(model.name, alias)
        uri = f"models:/{model.name}@{alias}"
        print(f"{uri}: version {version.version}")
        if alias != "champion":
            continue
        try:
            import numpy
            import onnxruntime  # noqa: F401
        except ImportError:
            print("not loaded: onnxruntime is not installed here")
            continue
        found = mlflow.pyfunc.load_model(uri).predict(numpy.zeros((2, 28), dtype=numpy.float32))
        print(f"loaded and asked: {found}")
