"""Fuzz the native core: `python tools/fuzz.py [TARGET ...] [--runs N | --seconds S]`.

Builds ``native/tests/fuzz/targets/`` with the address and the undefined-behaviour sanitizer in
``build/fuzz`` and runs each target on what ``seeds.py`` derives from the golden files. With clang
the targets run under libFuzzer, which learns from coverage and goes on from what it has kept in
``build/fuzz/corpus``. With another compiler, or ``--plain``, they run under ``driver.cpp``, which
changes the seeds at random, the same way in every run. The exit status is 1 if anything was found;
the input is then kept in ``build/fuzz/found``, and the target run on it shows it again.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
NATIVE = ROOT / "native"
SOURCES = NATIVE / "tests" / "fuzz"
TARGETS = sorted(path.stem for path in (SOURCES / "targets").glob("*.cpp"))
FOLDERS = ("core", "coding", "pifs", "collage", "mosaic", "ifs", "browser/files", "browser/drawing")
BUILD = ROOT / "build" / "fuzz"
TABLES, SEEDS, CORPUS, FOUND = (BUILD / n for n in ("tables.cpp", "seeds", "corpus", "found"))

SANITIZE = ("-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
FLAGS = ("-std=c++20", "-O2", "-g", "-fno-omit-frame-pointer", "-ffp-contract=off", *SANITIZE)
LIBFUZZER = ("-rss_limit_mb=2048", "-timeout=300", "-max_len=4096")
ABORT = "abort_on_error=1"
NO_COMPILER = (
    "no compiler with sanitizers is there: install g++, or clang with its run-time libraries, "
    "which have libFuzzer (on Debian: apt install clang libclang-rt-14-dev)"
)


class Compiler(NamedTuple):
    """The program, and whether it has libFuzzer."""

    name: str
    has_libfuzzer: bool

    def __str__(self) -> str:
        learns = "libFuzzer" if self.has_libfuzzer else "changes at random; clang has libFuzzer"
        return f"{self.name}: {learns}"


def find_compiler(plain: bool) -> Compiler:
    """Return clang with libFuzzer, or another compiler; ``plain`` does not ask for libFuzzer."""
    clangs = ("clang++", *(f"clang++-{version}" for version in range(30, 13, -1)))
    if not plain:
        for name in clangs:
            if _compiles(name, "-fsanitize=fuzzer"):
                return Compiler(name, True)
    for name in (os.environ.get("CXX", "g++"), *clangs):
        if _compiles(name, "-DMAIN"):
            return Compiler(name, False)
    sys.exit(NO_COMPILER)


_PROGRAM = """
extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }
#ifdef MAIN
int main() { return 0; }
#endif
"""


def _compiles(compiler: str, *flags: str) -> bool:
    command = [compiler, *SANITIZE, *flags, "-x", "c++", "-", "-o", os.devnull]
    if not shutil.which(compiler):
        return False
    return subprocess.run(command, input=_PROGRAM, text=True, capture_output=True).returncode == 0


class Build:
    """Objects and programs of one compiler, made anew where a source is newer."""

    def __init__(self, compiler: Compiler, jobs: int) -> None:
        self.compiler, self.jobs = compiler, jobs
        self.folder = BUILD / ("libfuzzer" if compiler.has_libfuzzer else "plain")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.newest = max(path.stat().st_mtime for path in (*NATIVE.rglob("*.hpp"), Path(__file__)))

    def programs(self, targets: Sequence[str]) -> list[Path]:
        """Return the program of each target."""
        shared = [path for name in FOLDERS for path in sorted((NATIVE / name).glob("*.cpp"))]
        shared += [TABLES, SOURCES / "failure.cpp"]
        if not self.compiler.has_libfuzzer:
            shared.append(SOURCES / "driver.cpp")
        own = [SOURCES / "targets" / f"{target}.cpp" for target in targets]
        with ThreadPoolExecutor(self.jobs) as pool:
            objects = list(pool.map(self._object, own + shared))
            rest = objects[len(own) :]
            return list(pool.map(lambda made: self._program([made, *rest]), objects[: len(own)]))

    def _object(self, source: Path) -> Path:
        made = self.folder / f"{source.parent.name}-{source.stem}.o"
        if not made.exists() or made.stat().st_mtime < max(self.newest, source.stat().st_mtime):
            kind = ["-fsanitize=fuzzer-no-link"] if self.compiler.has_libfuzzer else []
            self._run(*kind, f"-I{NATIVE}", f"-I{SOURCES}", "-c", source, "-o", made)
        return made

    def _program(self, objects: Sequence[Path]) -> Path:
        made = objects[0].with_suffix("")
        if not made.exists() or made.stat().st_mtime < max(p.stat().st_mtime for p in objects):
            kind = ["-fsanitize=fuzzer"] if self.compiler.has_libfuzzer else []
            self._run(*kind, *objects, "-pthread", "-o", made)
        return made

    def _run(self, *arguments: str | Path) -> None:
        subprocess.run([self.compiler.name, *FLAGS, *arguments], check=True)


def write_inputs() -> None:
    """Write the seeds, and the tables if they are others than before."""
    sys.path[:0] = [str(SOURCES), str(ROOT / "tests")]
    import seeds

    BUILD.mkdir(parents=True, exist_ok=True)
    text = seeds.tables()
    if not TABLES.exists() or TABLES.read_text() != text:
        TABLES.write_text(text)
    shutil.rmtree(SEEDS, ignore_errors=True)
    seeds.write_seeds(SEEDS)


def fuzz(target: str, program: Path, arguments: Sequence[str], learns: bool) -> tuple[int, str]:
    """Run one target; return how often it ran, and what it wrote if it found anything."""
    folders = [SEEDS / target]
    if learns:  # it adds to the first
        folders.insert(0, CORPUS / target)
    for folder in (FOUND, *folders):
        folder.mkdir(parents=True, exist_ok=True)
    command = [program, *arguments, f"-artifact_prefix={FOUND}/{target}-", *folders]
    variables = {"ASAN_OPTIONS": ABORT, "UBSAN_OPTIONS": f"{ABORT}:print_stacktrace=1"}
    ended = subprocess.run(command, stderr=subprocess.PIPE, env=os.environ | variables)
    told = ended.stderr.decode(errors="replace")
    runs = re.findall(r"^Done (\d+) runs|^#(\d+)\s", told, re.MULTILINE)
    count = max((int(number) for pair in runs for number in pair if number), default=0)
    return count, told[-8000:] if ended.returncode else ""


def main() -> None:
    """Read the command line, build, run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--runs", type=int, help="executions of each target")
    parser.add_argument("--seconds", type=int, default=60, help="for each target, without --runs")
    parser.add_argument("--seed", type=int, default=1, help="another one tries other changes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets run at a time")
    parser.add_argument("--plain", action="store_true", help="without libFuzzer")
    options = parser.parse_args()
    targets = options.targets or TARGETS
    if unknown := set(targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    compiler = find_compiler(options.plain)
    print(compiler, flush=True)
    write_inputs()
    programs = Build(compiler, options.jobs).programs(targets)
    limit = f"-runs={options.runs}" if options.runs else f"-max_total_time={options.seconds}"
    arguments = [limit, f"-seed={options.seed}", *(LIBFUZZER if compiler.has_libfuzzer else ())]

    def run(target: str, program: Path) -> tuple[int, str]:
        return fuzz(target, program, arguments, compiler.has_libfuzzer)

    is_found, total = False, 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for target, (runs, report) in zip(targets, pool.map(run, targets, programs), strict=True):
            print(f"{target:16}{runs:12} runs, {'FOUND' if report else 'nothing found'}")
            print(report, end="", flush=True)
            is_found, total = is_found or bool(report), total + runs
    print(f"total {total} runs")
    sys.exit(is_found)


if __name__ == "__main__":
    main()
