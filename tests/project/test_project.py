"""The repository keeps its own promises."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

import pixelproof
from pixelproof.cli.main import app
from pixelproof.config.overrides import is_setting

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "results").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
INDEX = ROOT / "docs" / "how-to" / "index.md"
COMMANDS = typer.main.get_command(app).commands
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def places(page):
    """The places of a page that a link may name: its headings as GitHub calls them, and ids by hand."""
    content = page.read_text(encoding="utf-8")
    headings = [heading.replace("`", "").lower() for heading in re.findall(r"^#+ (.+)", content, re.MULTILINE)]
    called = {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}
    return called | set(re.findall(r'\bid="([^"]+)"', content))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_path_and_link_in_a_page_exists(page):
    content = page.read_text(encoding="utf-8")
    for target, place in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", content):
        if "://" not in target:
            other = page.parent / target if target else page
            assert other.exists(), f"{page.name} links to {target}"
            assert not place or place in places(other), f"{page.name} links to {target}#{place}"
    for path in re.findall(r"`((?:src|tests|docs|studies|tools)/[\w./-]+)`", content):
        assert (ROOT / path).exists(), f"{page.name} names {path}"


@pytest.mark.parametrize("page", [*PAGES, *(ROOT / "studies").glob("*.yaml")], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_in_a_page_has_its_options_and_settings(page):
    command = r"(?:`|bin/|^[# ]+)pixelproof ([a-z][a-z-]*)((?:\\\n|[^\n`])*)"
    for verb, rest in re.findall(command, page.read_text(encoding="utf-8"), re.MULTILINE):
        assert verb in COMMANDS, f"{page.name}: {verb}"
        known = {option for each in COMMANDS[verb].params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
        said = rest.partition(" # ")[0]
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said)) <= known, f"{page.name}: {verb}{rest}"
        for key in re.findall(r"--set ['\"]?([\w.]+)=", said):
            assert is_setting(key.rpartition(".")[2]), f"{page.name}: {verb}{rest}"


@pytest.mark.parametrize("page", sorted(set((ROOT / "docs/how-to").glob("*.md")) - {INDEX}), ids=lambda p: p.name)
def test_the_index_lists_every_how_to(page):
    listed = re.findall(rf"\]\({page.name}#([^)]+)\)", text(INDEX))
    headings = re.findall(r"^## (.+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(headings) == len(listed), f"{page.name} has {headings}"


def test_the_tour_visits_every_package_and_only_files_that_exist():
    tour = text("docs/tour.md")
    package = ROOT / "src" / "pixelproof"
    for folder in (p for p in package.iterdir() if (p / "__init__.py").is_file()):
        assert f"`{folder.name}/`" in tour, f"the tour leaves out {folder.name}"
    for name in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", tour):
        assert (package / name).is_file(), f"the tour names {name}"


def test_the_settings_page_is_up_to_date():
    import settings_page

    assert settings_page.render() == settings_page.PAGE.read_text(encoding="utf-8")


def test_every_setting_is_explained():
    import settings_page

    assert not [line for line in settings_page.render().splitlines() if line.endswith("|  |")]


def test_version_and_changelog_agree():
    declared = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert pixelproof.__version__ == declared
    assert re.search(r"^## \[([\d.]+)\]", text("CHANGELOG.md"), re.MULTILINE).group(1) == declared


def test_every_dependency_is_pinned_by_name_and_version_alone():
    lines = text("constraints.txt").split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = tomllib.loads(text("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    names = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line).group()).lower() for line in wanted}
    assert names <= pinned


def test_nothing_is_ever_unpickled():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] + [getattr(node, "module", "") or ""]
                assert not {"pickle", "dill", "cloudpickle", "joblib"} & set(names), path
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load"):
                safe = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert safe.get("weights_only") == "True" or safe.get("allow_pickle") == "False", path


def test_study_files_are_found_under_studies():
    for name in ("demo", "reference"):
        assert yaml.safe_load(text(f"studies/{name}.yaml"))["name"] == name


@pytest.mark.slow
def test_the_wheel_installs_into_an_empty_environment_and_works_elsewhere(tmp_path):
    """Dependencies are taken from this environment; what is tested is that the wheel itself is complete."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--no-deps", "-q", wheel], check=True)
    packages = next((tmp_path / "env" / "lib").glob("python*")) / "site-packages"
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (packages / "borrowed.pth").write_text(here)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    demo = [tmp_path / "env" / "bin" / "pixelproof", "demo", "--set", "epochs=1", "--set", "limit=20"]
    done = subprocess.run(demo, cwd=elsewhere, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "demo/report.html"
    assert (elsewhere / "demo" / "report.html").is_file()
    where = subprocess.run(
        [python, "-c", "import pixelproof; print(pixelproof.__file__)"], capture_output=True, text=True
    )
    assert str(tmp_path) in where.stdout
