"""docs/stand-in.md says what there is."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from gramophone.cli.commands import cli
from gramophone.standin.faults import Fault, FaultName
from gramophone.standin.run.process import main
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "stand-in.md").read_text(encoding="utf-8")


def test_every_option_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    elsewhere = {"--upstream", "--bundle", "--if-told"}
    elsewhere |= {"--gramophone-record", "--gramophone-upstream"}
    assert options == set(re.findall(r"--[a-z][a-z-]+", PAGE)) - elsewhere


def test_the_command_has_the_upper_options_of_the_page() -> None:
    help_text = CliRunner().invoke(cli, ["fixture", "serve", "--help"]).output
    options = set(re.findall(r"--[a-z][a-z-]+", help_text)) - {"--help"}
    upper, _, _ = PAGE[PAGE.index("| option |") :].partition("| `--pace X`")
    assert options == set(re.findall(r"--[a-z][a-z-]+", upper))


@pytest.mark.parametrize("name", FaultName)
def test_every_fault_is_on_the_page_as_it_is_written(name: FaultName) -> None:
    row = re.search(rf"^\| `({name}(=[A-Z]+)?)` \|", PAGE, re.MULTILINE)
    assert row is not None
    assert Fault.parse(re.sub("=[A-Z]+", "=1011", row[1])).name is name
