"""What huggingface_hub finds in caches of many forms, recorded for HubCacheRecordedTest.

Writes ../resources/dev/fovea/io/hub-cache.json: the places that environment variables give, and for seeded random caches (files, and links
where they begin with "->") what a repository, revision and file name lead to: a path below the cache, "no" where a marker says so, null.

Run with huggingface_hub 2.4:  python hub_cache.py
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

SEED = 20
RESOURCES = Path(__file__).parent.parent / "resources"
COMMITS = ["a" * 40, "b" * 40, "0123456789" * 4, "c0ffee0"]
REVISIONS = ["main", "v1.0", "refs/pr/3", "a" * 40, "a" * 7, "c0ffee0", "gone", "0123456"]
FILES = ["config.json", "model.safetensors", "additional_chat_templates/tool.jinja"]
REPOSITORIES = {"org/name": "models--org--name", "gpt2": "models--gpt2", "a.b/c-d_e": "models--a.b--c-d_e"}


def roots():
    choices = {
        "HF_HUB_CACHE": ["/c/hub", "~/hub", "$BASE/hub", "${BASE}/x", "$NOT_SET/y", "relative/hub", "~nobody-here/hub", "$BASE$BASE"],
        "HUGGINGFACE_HUB_CACHE": ["/old/hub", "~/old", "$BASE/old"],
        "HF_HOME": ["/hf", "~/hf", "${BASE}/hf", "~", "$HOME/hf"],
        "XDG_CACHE_HOME": ["/xdg", "~/xdg", "$BASE/xdg"],
        "BASE": ["/base", "~/base", "$HOME"],
    }
    code = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    rng = random.Random(SEED)
    rows = [{}]
    rows += [{name: value} | {"BASE": "/base"} for name, values in choices.items() for value in values if name != "BASE"]
    rows += [{name: rng.choice(values) for name, values in choices.items() if rng.random() < 0.6} for _ in range(25)]
    for row in rows:
        environment = {"HOME": "/home/someone", **row}
        out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        yield dict(environment=environment, root=out.stdout.strip())


def tree(rng):
    """File to content."""
    files = {}
    for folder in REPOSITORIES.values():
        if rng.random() < 0.15:
            continue
        for commit in COMMITS:
            for name in FILES:
                blob = f"{folder}/blobs/{zlib.crc32((commit + name).encode()):08x}"
                match rng.randrange(5):
                    case 0:
                        files[f"{folder}/snapshots/{commit}/{name}"] = "x"
                    case 1:  # a link to a blob, which may be gone
                        files[f"{folder}/snapshots/{commit}/{name}"] = "->" + os.path.relpath(
                            blob, f"{folder}/snapshots/{commit}/" + os.path.dirname(name))
                        if rng.random() < 0.8:
                            files[blob] = "y"
                if rng.random() < 0.25:
                    files[f"{folder}/.no_exist/{commit}/{name}"] = ""
        for revision in REVISIONS[:3] + ["a" * 7]:
            if rng.random() < 0.6:
                files[f"{folder}/refs/{revision}"] = rng.choice(COMMITS + ["d" * 40])
    return files


def verdicts():
    from huggingface_hub import try_to_load_from_cache

    for n in range(12):
        rng = random.Random(SEED + n)
        files = tree(rng)
        with tempfile.TemporaryDirectory() as root:
            for name, content in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(content[2:]) if content.startswith("->") else path.write_text(content)
            asked = []
            for repository in REPOSITORIES:
                for revision in REVISIONS:
                    for name in FILES:
                        found = try_to_load_from_cache(repository, name, cache_dir=root, revision=revision)
                        verdict = found and (os.path.relpath(found, root) if isinstance(found, str) else "no")
                        asked.append([repository, revision, name, verdict])
            yield dict(files=files, asked=asked)


def main():
    rows = dict(roots=list(roots()), caches=list(verdicts()))
    target = RESOURCES / "dev/fovea/io/hub-cache.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(rows, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
