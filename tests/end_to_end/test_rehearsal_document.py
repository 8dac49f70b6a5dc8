"""Does docs/rehearsal.md lead from an empty folder to a verdict, command by command?"""

import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from ballotbox_simulator.cli import main
from ballotbox_simulator.live.broker import BrokerUnavailable, find_broker
from ballotbox_simulator.rehearse.cluster.conductor_process import in_shards
from ballotbox_simulator.rehearse.conductor import load_of
from ballotbox_simulator.rehearse.core.curve import divided
from ballotbox_simulator.rehearse.core.limits import Machine
from ballotbox_simulator.rehearse.core.shares import Place, share_refusals, shared_out
from ballotbox_simulator.rehearse.plan_file import OfficeTable, Plan, plan_names, read_plan
from ballotbox_simulator.rehearse.result_file import read_result
from tests.test_readme import run_shell

#: What the quick plan is run as here: its road at the size of a test.
SMALL = """
title = "The quick plan, smaller"
[[boxes]]
count = 12
sheets = 8
turnout = "4h"
[day]
compression = "fastest"
[burst]
spread = "2s"
[tester]
lag_p99_ms = 10_000
"""


def blocks(repository: Path, language: str) -> list[str]:
    text = (repository / "docs" / "rehearsal.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_its_plan_is_one_and_every_plan_it_names_is_there(repository: Path) -> None:
    (plan,) = blocks(repository, "toml")
    text = (repository / "docs" / "rehearsal.md").read_text()

    assert read_plan("district.toml", plan, Path()).count == 30
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", text[text.index("Plans that come") :]))
    assert set(plan_names()) <= named


def test_its_settings_and_events_of_a_database_exist(repository: Path) -> None:
    (plan,) = blocks(repository, "toml")
    text = (repository / "docs" / "rehearsal.md").read_text()
    part = text[text.index("## Several gateways over one database") :]
    part = part[: part.index("\n## ", 1)]
    settings = [each for each in re.findall(r"`([a-z]+ = [^`]+)`", part) if "shard" not in each]
    kinds = re.findall(r"`((?:database|gateway)-[a-z]+)`", part)
    events = [
        f'[[event]]\nkind = "{kind}"\nat = "20:00:{10 * at}"\n' for at, kind in enumerate(kinds, 1)
    ]

    table = "\n".join(("[embedded]", *settings))
    read = read_plan("over.toml", "\n".join((plan, table, *events)), Path())

    assert (len(settings), len(kinds)) == (3, 3)
    assert "`shard = true` in the table `[office]`" in part
    assert OfficeTable.model_fields["shard"].annotation is bool
    assert (read.target.ledger, read.target.gateways, read.target.lease) == ("postgresql", 2, 5)


def test_its_commands_and_options_exist(repository: Path) -> None:
    text = (repository / "docs" / "rehearsal.md").read_text()
    named = set(re.findall(r"ballotbox-sim ([a-z-]+)", text))
    options = [each for command in main.commands.values() for each in command.params]
    known = {name for each in options for name in each.opts}

    ours = text[: text.index("## More than one machine")]
    assert named == {"rehearse", "report", "compare-rehearsals", "plan"}
    assert named <= set(main.commands)
    assert set(re.findall(r"(?<!-)--[a-z][a-z-]+", ours)) <= known


def test_the_example_for_kubernetes_keeps_its_schemas_and_its_plan_is_one(repository: Path) -> None:
    text = (repository / "docs" / "examples" / "rehearsal-cluster.yaml").read_text()
    parts = list(yaml.safe_load_all(text))

    for part in parts:
        kubernetes_validate.validate(part, "1.30", strict=True)

    jobs = {each["metadata"]["name"]: each for each in parts if each["kind"] == "Job"}
    workers = jobs["rehearsal-workers"]["spec"]["parallelism"]
    (argument,) = jobs["rehearsal-master"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert f"--expect-workers {workers} -u {workers} " in argument
    plan = read_plan("night.toml", parts[0]["data"]["night.toml"], Path())
    assert plan.office is not None
    assert "never applied to a cluster" in text
    require_mounted(jobs["rehearsal-master"], parts, argument)
    require_fits(plan, workers, jobs["rehearsal-workers"])


def require_mounted(master: dict, parts: list[dict], argument: str) -> None:
    """The plan comes from the map of settings, and results go to a volume that outlives the pod."""
    pod = master["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    folders = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    volumes = {each["name"]: each for each in pod["volumes"]}
    named = {(each["kind"], each["metadata"]["name"]) for each in parts}
    assert ("ConfigMap", volumes["plan"]["configMap"]["name"]) in named
    claim = volumes["results"]["persistentVolumeClaim"]["claimName"]
    assert ("PersistentVolumeClaim", claim) in named
    (settings,) = (each for each in parts if each["kind"] == "ConfigMap")
    (plan,) = settings["data"]
    assert f"--plan {folders['plan']}/{plan} " in argument
    assert f"--results {folders['results']}/" in argument
    assert f"--csv {folders['results']}/" in argument


def require_fits(plan: Plan, workers: int, job: dict) -> None:
    """Each pod holds its share, with the ports that Linux gives and the memory that it asks for."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    wanted = container["resources"]
    assert wanted["requests"]["memory"] == wanted["limits"]["memory"] == "2Gi"
    machine = Machine(1, 1_048_576, 28_232, 2_048, 4_096)
    load = load_of(in_shards(plan, workers), machine)
    places = [Place(f"pod-{at}", "b" * 36, machine) for at in range(workers)]
    boxes = [len(part) for part in divided(plan.count, workers)]
    assert share_refusals(shared_out(load, Place("master", "b" * 36, machine), places, boxes)) == []


def test_the_check_of_the_example_sees_what_no_cluster_takes(repository: Path) -> None:
    text = (repository / "docs" / "examples" / "rehearsal-cluster.yaml").read_text()
    broken = yaml.safe_load_all(text.replace("backoffLimit: 0", "backOffLimit: 0"))
    job = next(each for each in broken if each["kind"] == "Job")

    with pytest.raises(kubernetes_validate.ValidationError, match="backOffLimit"):
        kubernetes_validate.validate(job, "1.30", strict=True)


@pytest.mark.accept
def test_what_it_says_of_the_cluster_is_how_locust_is_called(repository: Path) -> None:
    text = (repository / "docs" / "rehearsal.md").read_text()
    cluster = text[text.index("LOCUSTFILE=") :]

    for option in set(re.findall(r"(?<!-)--[a-z][a-z-]+", cluster[: cluster.index("```")])):
        known = option in {"--plan", "--results"} or option in _locust_options()
        assert known, option


def _locust_options() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "locust", "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z][a-z-]+", done.stdout))


@pytest.mark.accept
def test_its_commands_end_in_a_verdict(repository: Path, tmp_path: Path) -> None:
    try:
        program = find_broker()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    if program.name != "mosquitto":
        pytest.skip("mosquitto is not installed, and the broker from pip speaks no MQTT 5")
    (tmp_path / "small.toml").write_text(SMALL)
    (plan,) = blocks(repository, "toml")
    (tmp_path / "district.toml").write_text(plan)
    quick, report, district, compare, country, check = blocks(repository, "sh")
    assert " quick " in quick

    said = {}
    for script in (quick.replace(" quick ", " small.toml "), report, district, compare):
        done = run_shell(script, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        said[script] = done.stdout
    verdicts = [each.splitlines()[-1] for each in said.values() if "VERDICT" in each]
    assert [each.startswith("VERDICT: GO ") for each in verdicts] == [True, True]
    for name in ("report.html", "comparison.html", "second/rehearsal.html", "second/junit.xml"):
        assert (tmp_path / name).stat().st_size > 500
    assert (tmp_path / "report.html").read_bytes() == (
        tmp_path / "first" / "rehearsal.html"
    ).read_bytes()
    assert [each.kind for each in read_result(tmp_path / "second" / "rehearsal.json").events] == [
        "broker-killed"
    ]

    sized = run_shell(country, tmp_path)
    assert sized.returncode == 0, sized.stdout + sized.stderr
    assert sized.stdout.startswith("1,050,000 boxes, ")
    checked = run_shell(check, tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(re.findall(r"30 boxes, .*error [+-]\d+ %", checked.stdout)) == 3
