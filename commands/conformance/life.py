"""One life of an experiment, a run, an artifact and a model with an alias, by the stock Python client. Prints what was done, one line each."""

import os
import sys
import tempfile

import mlflow
from mlflow import MlflowClient


def said(what: str) -> None:
    print(f"ok  {what}", flush=True)


def main(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    print(f"mlflow {mlflow.__version__}")

    experiment = mlflow.set_experiment("from python")
    client.set_experiment_tag(experiment.experiment_id, "team", "conformance")
    assert client.get_experiment_by_name("from python").tags["team"] == "conformance"
    said("an experiment, found by its name")

    with mlflow.start_run(run_name="first") as run:
        mlflow.log_params({"depth": 3, "backend": "wasm"})
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"accuracy": 0.75, "nan": float("nan")})
        mlflow.set_tag("eg.kind", "training")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "한국어.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.write("kept")
            mlflow.log_artifact(path, "notes")
        mlflow.log_dict({"a": [1, 2]}, "plain.json")
    kept = client.get_run(run.info.run_id)
    assert kept.info.status == "FINISHED" and kept.data.params["depth"] == "3"
    assert kept.data.metrics["accuracy"] == 0.75 and kept.data.metrics["nan"] != kept.data.metrics["nan"]
    assert [m.step for m in client.get_metric_history(run.info.run_id, "loss")] == list(range(20))
    said("a run with params, metrics, their history and tags")

    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["notes", "plain.json"]
    local = client.download_artifacts(run.info.run_id, "notes/한국어.txt")
    with open(local, encoding="utf-8") as file:
        assert file.read() == "kept"
    said("artifacts up, listed and down again")

    client.create_registered_model("conformance", tags={"a": "b"})
    version = client.create_model_version("conformance", f"{kept.info.artifact_uri}/notes", run.info.run_id)
    client.set_registered_model_alias("conformance", "champion", version.version)
    found = client.get_model_version_by_alias("conformance", "champion")
    assert found.version == version.version and found.run_id == run.info.run_id
    assert client.search_model_versions("name = 'conformance'")[0].aliases in ([], ["champion"])
    said("a registered model, a version, an alias")

    for i in range(25):
        with mlflow.start_run(run_name=f"many {i}"):
            mlflow.log_metric("accuracy", i / 25)
    seen, token = [], None
    while True:
        page = client.search_runs(
            [experiment.experiment_id],
            "metrics.accuracy > 0.2",
            order_by=["metrics.accuracy DESC"],
            max_results=7,
            page_token=token,
        )
        seen += [r.data.metrics["accuracy"] for r in page]
        token = page.token
        if not token:
            break
    assert seen == sorted(seen, reverse=True) and len(seen) == 20, seen
    said("a search in pages, ordered by a metric")

    client.delete_run(run.info.run_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    client.restore_run(run.info.run_id)
    said("a run deleted and restored")

    load_model_by_alias(client)


def load_model_by_alias(client: MlflowClient) -> None:
    try:
        from mlflow import pyfunc

        class Adder(pyfunc.PythonModel):
            def predict(self, context, model_input, params=None):
                return [x + 1 for x in model_input]

        with mlflow.start_run():
            info = pyfunc.log_model(name="adder", python_model=Adder(), pip_requirements=[])
    except (ImportError, ModuleNotFoundError) as cause:
        print(f"--  a model was not logged, for this package lacks what it takes: {cause}")
        return
    made = mlflow.register_model(info.model_uri, "adder")
    client.set_registered_model_alias("adder", "champion", made.version)
    assert pyfunc.load_model("models:/adder@champion").predict([1, 2]) == [2, 3]
    said("a model logged, registered, and loaded by its alias")


main(sys.argv[1])
