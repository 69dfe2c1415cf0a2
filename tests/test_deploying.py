"""The files that an operator deploys with name commands, options and paths that there are."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from newsletter.cli.main import load_command, newsletter

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"


def parses(arguments: list[str]) -> bool:
    """Return whether the program takes these arguments. Raises click's error if not."""
    name, *rest = arguments
    command = load_command(newsletter.commands[name])
    command.make_context(name, list(rest), resilient_parsing=False)
    return isinstance(command, click.Command)


def composed() -> Iterator[list[str]]:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    for service in services.values():
        if service["image"] == "newsletter":
            assert service["read_only"]
            assert "/etc/machine-id:/etc/machine-id:ro" in service["volumes"]
            yield service.get("command", ["run"])


def test_the_image_and_its_services_run_commands_that_there_are() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    [health] = re.findall(r'HEALTHCHECK .* CMD \["newsletter", "(.+)"\]', dockerfile)
    [default] = re.findall(r'(?m)^CMD \["(.+)"\]', dockerfile)
    begun = [[health], [default], *composed()]
    assert len(begun) == 6
    assert all(map(parses, begun))
    for copied in re.findall(r"-r (\S+)", dockerfile):
        assert (ROOT / copied).is_file()


def test_the_units_start_commands_that_there_are() -> None:
    text = "".join(unit.read_text("utf-8") for unit in UNITS.iterdir())
    instances = set(re.findall(r"newsletter@([a-z]+)", text))
    assert {"run", "serve", "worker", "scheduler"} <= instances
    assert all(parses([instance]) for instance in instances)


@pytest.mark.slow("starts systemd-analyze")
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_the_units_are_sound_and_confined(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        text = unit.read_text("utf-8").replace(
            "/srv/newsletter/code/.venv/bin/newsletter", "/bin/true"
        )
        (tmp_path / unit.name.replace("@.", "@run.")).write_text(text)
    units = [str(path) for path in tmp_path.iterdir()]
    # it looks at every unit of this machine too: only lines about ours count
    verified = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert [line for line in verified.stderr.splitlines() if "newsletter" in line] == []
    service = str(tmp_path / "newsletter@run.service")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", service],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-100:]
