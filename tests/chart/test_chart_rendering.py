"""The chart, rendered: sound for Kubernetes, restricted in every pod, no secret inside, ready for a drained stop."""

from __future__ import annotations

import json
import re
from typing import Any

import kubernetes_validate
import pytest
import yaml

from gongkai.cli.cluster_manifests import SERVICES, STORING, WITH_MASTER_KEY
from gongkai.serving.settings import SETTINGS
from tests.chart.helm import CHART, EVERYTHING, WRITABLE, Object, complaints, of_kind, pods, render

CLUSTERS = ("1.30", "1.36")
"""The oldest Kubernetes the chart accepts, and the one it was installed on."""


@pytest.fixture(scope="module", params=["required values", "every switch"])
def objects(request: pytest.FixtureRequest) -> list[Object]:
    return render(EVERYTHING) if request.param == "every switch" else render()


def test_lint_finds_nothing() -> None:
    """``helm lint --strict`` has no warning and no error."""
    assert complaints(EVERYTHING) == []


@pytest.mark.parametrize("version", CLUSTERS)
def test_every_object_is_one_that_kubernetes_knows(objects: list[Object], version: str) -> None:
    """Each object satisfies the published schema of its kind, with no field that does not exist."""
    for one in objects:
        if one["kind"] != "ServiceMonitor":  # not Kubernetes' own
            kubernetes_validate.validate(one, version, strict=True)


def test_names_are_unique_and_labels_are_short_enough(objects: list[Object]) -> None:
    """No object takes another's place, and no label is refused for its length."""
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(names) == len(set(names))
    assert all(len(value) <= 63 for one in objects for value in one["metadata"]["labels"].values())


def test_every_pod_is_restricted(objects: list[Object]) -> None:
    """No pod runs as root, gains a privilege, writes its root, or holds a token of the cluster."""
    for name, pod in pods(objects):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"], security["runAsGroup"]) == (
            True,
            65532,
            65532,
        ), name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys(), name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["limits"]["memory"], name
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name


def test_only_tmp_can_be_written(objects: list[Object]) -> None:
    """Volumes are secrets, mounted read-only, and one empty folder of bounded size at /tmp."""
    for name, pod in pods(objects):
        kinds = {volume["name"]: volume.keys() - {"name"} for volume in pod["volumes"]}
        for mount in pod["containers"][0]["volumeMounts"]:
            writable = mount["mountPath"] == WRITABLE
            assert mount.get("readOnly", False) is not writable, name
            assert kinds[mount["name"]] == (
                {"emptyDir"} if writable else kinds[mount["name"]] - {"emptyDir"}
            ), name
        assert all(volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if "emptyDir" in volume), name


def test_no_secret_is_rendered(objects: list[Object]) -> None:
    """The chart makes no Secret, and every variable that is one comes from a Secret."""
    assert of_kind(objects, "Secret") == {}
    secret = {row.env for row in SETTINGS if row.secret} | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    for name, pod in pods(objects):
        for variable in pod["containers"][0]["env"]:
            if variable["name"] in secret or variable["name"].startswith("DATABASE_URL"):
                assert variable.keys() == {"name", "valueFrom"}, name
                assert "secretKeyRef" in variable["valueFrom"], name


def test_every_service_has_its_deployment_and_only_its_own_secrets() -> None:
    """A pod is given its own key and database, all public keys, and the master key only where it keeps what it opens."""
    deployments = of_kind(render(), "Deployment")
    assert deployments.keys() == {f"gongkai-{name}" for name in SERVICES}
    for name in SERVICES:
        pod = deployments[f"gongkai-{name}"]["spec"]["template"]["spec"]
        (identity,) = (volume for volume in pod["volumes"] if volume["name"] == "identity")
        public, before, own = identity["projected"]["sources"]
        assert {item["key"] for item in public["configMap"]["items"]} == {
            f"{one}.pub" for one in (*SERVICES, "operator")
        }
        assert before["configMap"]["optional"] is True
        assert own["secret"]["name"] == f"gongkai-{name}"
        keys = {"service.key"} | ({"nats.creds"} if name in STORING else set())
        assert {item["key"] for item in own["secret"]["items"]} == keys | (
            {"master.key"} if name in WITH_MASTER_KEY else set()
        )
        env = environment(pod)
        database = env.get("DATABASE_URL", {})
        assert ("secretKeyRef" in database.get("valueFrom", {})) is (name in STORING)
        assert ("OPENSEARCH_URL" in env) is (name == "search")
        assert ("CONTENT_URL" in env) is (name in {"publishing", "requests"})
        assert json.dumps(pod).count("-database") == (1 if name in STORING else 0)


def test_every_variable_is_a_setting_there_is(objects: list[Object]) -> None:
    """No variable is misspelt: each is a row of docs/settings.md, a peer, or one of the few of others."""
    rows = {row.env for row in SETTINGS}
    others = {
        "POD_IP",
        "AWS_REGION",
        "AWS_ENDPOINT",
        "AWS_ALLOW_HTTP",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    }
    peers = {f"GONGKAI_PEER_{name.upper()}" for name in STORING}
    for deployment in of_kind(objects, "Deployment").values():
        names = [one["name"] for one in deployment["spec"]["template"]["spec"]["containers"][0]["env"]]
        assert len(names) == len(set(names))
        assert set(names) <= rows | others | peers


def test_a_pod_is_withdrawn_before_it_drains_and_has_time_for_three_drains() -> None:
    """The grace period covers the pause before SIGTERM and three drains; probes ask the operator's port."""
    for deployment in of_kind(render({"settings": {"drainSeconds": 30}}), "Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        container = pod["containers"][0]
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert environment(pod)["GONGKAI_DRAIN_SECONDS"]["value"] == "30"
        assert pod["terminationGracePeriodSeconds"] > pause + 3 * 30
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
        assert [probe["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]
        assert {probe["port"] for probe in probes} == {"operator"}
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_an_eviction_leaves_a_replica_where_there_are_several() -> None:
    """A disruption budget exists for a service with replicas, and would block nothing for a single one."""
    budgets = of_kind(render({"services": {"search": {"replicas": 1}}}), "PodDisruptionBudget")
    assert budgets.keys() == {f"gongkai-{name}" for name in SERVICES if name != "search"}


def test_peers_are_headless_services_on_the_port_the_pods_listen_on() -> None:
    """Each peer's target names a headless Service whose gRPC port is the container's."""
    objects = render()
    services, deployments = of_kind(objects, "Service"), of_kind(objects, "Deployment")
    for name in STORING:
        service = services[f"gongkai-{name}"]["spec"]
        assert service["clusterIP"] == "None"
        (port,) = (one["port"] for one in service["ports"] if one["name"] == "grpc")
        container = deployments[f"gongkai-{name}"]["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "grpc", "containerPort": port} in container["ports"]
        for other, deployment in deployments.items():
            peers = environment(deployment["spec"]["template"]["spec"])
            wanted = (
                None
                if other == f"gongkai-{name}"
                else {"name": f"GONGKAI_PEER_{name.upper()}", "value": f"dns:///gongkai-{name}:{port}"}
            )
            assert peers.get(f"GONGKAI_PEER_{name.upper()}") == wanted


def test_schemas_and_streams_are_made_ready_before_the_services() -> None:
    """Two jobs run before install and upgrade, the schemas first; no service migrates, and a rollback runs none."""
    objects = render()
    jobs = of_kind(objects, "Job")
    hooks = {name: job["metadata"]["annotations"] for name, job in jobs.items()}
    assert {one["helm.sh/hook"] for one in hooks.values()} == {"pre-install,pre-upgrade"}
    assert int(hooks["gongkai-migrate"]["helm.sh/hook-weight"]) < int(
        hooks["gongkai-streams"]["helm.sh/hook-weight"]
    )
    urls = environment(jobs["gongkai-migrate"]["spec"]["template"]["spec"])
    assert urls.keys() == {f"DATABASE_URL_{name.upper()}" for name in STORING}
    for name, deployment in of_kind(objects, "Deployment").items():
        migrates = environment(deployment["spec"]["template"]["spec"]).get("GONGKAI_MIGRATE", {}).get("value")
        assert migrates == (None if name == "gongkai-portal" else "0")


def test_the_guide_writes_values_that_the_chart_takes() -> None:
    """The values in docs/kubernetes.md are complete and right as they stand there."""
    guide = (CHART.parents[2] / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert of_kind(render(yaml.safe_load(written)), "Ingress").keys() == {"gongkai-portal"}


def environment(pod: Object) -> dict[str, Any]:
    return {one["name"]: one for one in pod["containers"][0]["env"]}
