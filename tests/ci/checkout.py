"""A repository with a configuration and its history, and egc's own files as somebody else gets them."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

GOOD = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
"""
OPEN = GOOD.replace("      - key-auth: {action: {disableQueryParam: true}}\n", "")
BROKEN = GOOD.replace("serviceEndpoint: orders", "serviceEndpoint: ordrs")
SYSTEM = "db: {redis: {emulate: true}}\n"


def git(directory: Path, *words: str) -> str:
    """Run git as nobody in particular."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    done = subprocess.run(["git", *words], cwd=directory, env=environ, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(directory: Path, *versions: str) -> list[str]:
    """Make a repository with a commit for each version of config/gateway.config.yml; return their revisions."""
    (directory / "config").mkdir(parents=True)
    git(directory, "init", "--quiet", "--initial-branch=main")
    found = []
    for text in versions:
        (directory / "config" / "gateway.config.yml").write_text(text)
        (directory / "config" / "system.config.yml").write_text(SYSTEM)
        git(directory, "add", "-A")
        git(directory, "commit", "--quiet", "--allow-empty", "-m", "a version")
        found.append(git(directory, "rev-parse", "HEAD"))
    return found


def egc_itself(directory: Path) -> str:
    """Put egc's own files into a repository, and return its revision."""
    names = (
        "compiler",
        "runtime",
        "schemas",
        ".src",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        ".pre-commit-hooks.yaml",
    )
    directory.mkdir()
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, directory / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, directory / name)
    git(directory, "init", "--quiet", "--initial-branch=main")
    git(directory, "add", "-A")
    git(directory, "commit", "--quiet", "-m", "egc")
    return git(directory, "rev-parse", "HEAD")
