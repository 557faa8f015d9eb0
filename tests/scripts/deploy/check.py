"""Holds files of deploy/ against what others say of their form: check.py WHAT FILE…

  documents   prints the files' YAML documents as one JSON list
  compose     the schema of the Compose specification
  dockerfile  hadolint
  kubernetes  the schemas of Kubernetes 1.34, without unknown fields; of what the Prometheus operator adds, its models, which
              have to give back all that they read

Prints how many were looked at. What is wrong is on standard error, with exit code 1.
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml

KUBERNETES = "1.34"


def documents(files):
    return [document for file in files for document in yaml.safe_load_all(Path(file).read_text())]


def tool(*command):
    """A program of this environment, silent if all is well."""
    ended = subprocess.run(command, capture_output=True, text=True)
    return ended.stdout + ended.stderr if ended.returncode else ""


def compose(file):
    return tool(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def dockerfile(file):
    return tool(str(Path(sys.executable).parent / "hadolint"), "--failure-threshold", "info", file)


def kubernetes(file):
    return "\n".join(filter(None, map(resource, documents([file]))))


def resource(document):
    name = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
    group = document["apiVersion"].partition("/")[0]
    if group == "kustomize.config.k8s.io":
        return ""
    if group == "monitoring.coreos.com":
        from cloudcoil.models.prometheus_operator import v1

        read = getattr(v1, document["kind"]).model_validate(document)
        known = read.model_dump(by_alias=True, exclude_none=True, mode="json")
        return "" if known == document else f"{name}: fields that the operator does not know:\n{lost(document, known)}"
    import kubernetes_validate

    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{name}: {'.'.join(map(str, error.path))}: {error.message}"
    return ""


def lost(document, known, path=""):
    """Where a document and what became of it differ."""
    if isinstance(document, dict) and isinstance(known, dict):
        names = document.keys() | known.keys()
        return "".join(lost(document.get(name), known.get(name), f"{path}.{name}") for name in sorted(names))
    if isinstance(document, list) and isinstance(known, list) and len(document) == len(known):
        return "".join(lost(*pair, f"{path}[{number}]") for number, pair in enumerate(zip(document, known)))
    return "" if document == known else f"  {path}: {document!r} became {known!r}\n"


def main(what, *files):
    if what == "documents":
        print(json.dumps(documents(files)))
        return 0
    check = {"compose": compose, "dockerfile": dockerfile, "kubernetes": kubernetes}[what]
    wrong = [f"{file}: {found}" for file in files if (found := check(file))]
    print("\n".join(wrong), end="", file=sys.stderr)
    print(f"{len(files)} files")
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
