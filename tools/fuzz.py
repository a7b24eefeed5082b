"""Fuzz the native core: `python tools/fuzz.py [TARGET ...] [--runs N | --seconds S]`.

Builds ``native/tests/fuzz/targets/`` with the address and the undefined-behaviour sanitizer in
``build/fuzz`` and runs each target on what ``seeds.py`` derives from the golden files. With clang
the targets run under libFuzzer, which learns from coverage, and what it finds worth keeping stays
in ``build/fuzz/corpus``; with another compiler (or ``--plain``) under ``driver.cpp``, which changes
the seeds at random, the same way in every run. The exit status is 1 if anything was found; the
input is then kept, and the target run on it shows it again.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
NATIVE = ROOT / "native"
SOURCES = NATIVE / "tests" / "fuzz"
BUILD = ROOT / "build" / "fuzz"
CORE = ("core", "coding", "pifs", "collage", "mosaic", "ifs")
TARGETS = sorted(path.stem for path in (SOURCES / "targets").glob("*.cpp"))
SECONDS = 60
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FLAGS = ("-std=c++20", "-O2", "-g", "-fno-omit-frame-pointer", "-ffp-contract=off", *SANITIZE)
# What a hostile file may make this process take: never more memory, never longer for one input.
LIMITS = ("-rss_limit_mb=2048", "-timeout=300", "-max_len=4096")
ABORT = "abort_on_error=1"
_NO_COMPILER = (
    "no compiler with sanitizers is there: install g++, or clang with its run-time libraries for "
    "libFuzzer (on Debian: apt install clang libclang-rt-14-dev)"
)


def find_compiler(plain: bool) -> tuple[str, bool]:
    """Return the compiler, and whether it has libFuzzer. ``plain``: one without will do."""
    clangs = [name for name in ("clang++", *_numbered("clang++-*")) if shutil.which(name)]
    if not plain:
        for name in clangs:
            if _compiles(name, "-fsanitize=fuzzer,address,undefined"):
                return name, True
    for name in (os.environ.get("CXX", "g++"), *clangs):
        if shutil.which(name) and _compiles(name, *SANITIZE):
            return name, False
    sys.exit(_NO_COMPILER)


def _numbered(pattern: str) -> list[str]:
    """Return the names of programs of Debian's, the newest first."""
    names = {path.name for path in Path("/usr/bin").glob(pattern)}
    return sorted(names, key=lambda name: -int(name.rpartition("-")[2] or 0))


def _compiles(compiler: str, *flags: str) -> bool:
    program = (
        'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }'
    )
    main = "" if "fuzzer" in flags[0] else "int main() { return 0; }"
    command = [compiler, *flags, "-x", "c++", "-", "-o", os.devnull]
    return (
        subprocess.run(command, input=program + main, text=True, capture_output=True).returncode
        == 0
    )


class Build:
    """Objects and programs of one compiler, made anew where a source is newer."""

    def __init__(self, compiler: str, is_libfuzzer: bool, jobs: int) -> None:
        self.compiler, self.is_libfuzzer, self.jobs = compiler, is_libfuzzer, jobs
        self.folder = BUILD / ("libfuzzer" if is_libfuzzer else "plain")
        self.folder.mkdir(parents=True, exist_ok=True)
        headers = chain.from_iterable(
            (NATIVE / name).rglob("*.hpp") for name in (*CORE, "tests/fuzz")
        )
        self.newest = max(path.stat().st_mtime for path in (*headers, Path(__file__)))

    def programs(self, targets: Sequence[str]) -> dict[str, Path]:
        """Return the program of each target."""
        tables = BUILD / "tables.cpp"
        core = [
            *chain.from_iterable(sorted((NATIVE / name).glob("*.cpp")) for name in CORE),
            tables,
        ]
        core.append(SOURCES / "failure.cpp")
        if not self.is_libfuzzer:
            core.append(SOURCES / "driver.cpp")
        own = [SOURCES / "targets" / f"{target}.cpp" for target in targets]
        with ThreadPoolExecutor(self.jobs) as pool:
            objects = list(pool.map(self._object, [*own, *core]))
            rest = objects[len(own) :]
            made = list(
                pool.map(lambda own_object: self._program(own_object, rest), objects[: len(own)])
            )
        return dict(zip(targets, made, strict=True))

    def _object(self, source: Path) -> Path:
        made = self.folder / f"{source.parent.name}-{source.stem}.o"
        if not made.exists() or made.stat().st_mtime < max(self.newest, source.stat().st_mtime):
            coverage = ["-fsanitize=fuzzer-no-link"] if self.is_libfuzzer else []
            include = [f"-I{NATIVE}", f"-I{SOURCES}"]
            self._run([*FLAGS, *coverage, *include, "-c", str(source), "-o", str(made)])
        return made

    def _program(self, own: Path, rest: Sequence[Path]) -> Path:
        made = own.with_suffix("")
        if not made.exists() or made.stat().st_mtime < max(p.stat().st_mtime for p in (own, *rest)):
            library = ["-fsanitize=fuzzer"] if self.is_libfuzzer else []
            self._run([*FLAGS, *library, str(own), *map(str, rest), "-pthread", "-o", str(made)])
        return made

    def _run(self, arguments: Sequence[str]) -> None:
        subprocess.run([self.compiler, *arguments], check=True)


def write_inputs() -> Path:
    """Write what ``seeds.py`` derives; return the folder of the seeds."""
    sys.path[:0] = [str(SOURCES), str(ROOT / "tests")]
    import seeds

    BUILD.mkdir(parents=True, exist_ok=True)
    tables = BUILD / "tables.new"
    seeds.write_tables(tables)
    there = BUILD / "tables.cpp"
    if there.exists() and there.read_bytes() == tables.read_bytes():
        tables.unlink()
    else:
        tables.replace(there)
    shutil.rmtree(BUILD / "seeds", ignore_errors=True)
    seeds.write_seeds(BUILD / "seeds")
    return BUILD / "seeds"


def fuzz(
    name: str, program: Path, folders: Sequence[Path], limit: Sequence[str]
) -> tuple[int, str]:
    """Run one target; return how often it ran, and what it wrote if it found anything."""
    found = BUILD / "found"
    found.mkdir(exist_ok=True)
    command = [str(program), *limit, f"-artifact_prefix={found}/{name}-", *map(str, folders)]
    environment = {
        **os.environ,
        "ASAN_OPTIONS": ABORT,
        "UBSAN_OPTIONS": f"{ABORT}:print_stacktrace=1",
    }
    ended = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env=environment
    )
    counts = re.findall(r"^Done (\d+) runs|^#(\d+)\s", ended.stderr, re.MULTILINE)
    runs = max((int(number) for pair in counts for number in pair if number), default=0)
    return runs, "" if ended.returncode == 0 else ended.stderr[-8000:]


def main() -> None:
    """Read the command line, build, run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--runs", type=int, help="executions of each target")
    parser.add_argument(
        "--seconds", type=int, default=SECONDS, help="of each target, without --runs"
    )
    parser.add_argument("--seed", type=int, default=1, help="other numbers try other changes")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="targets run at the same time"
    )
    parser.add_argument("--plain", action="store_true", help="without libFuzzer")
    options = parser.parse_args()
    targets = options.targets or TARGETS
    if unknown := set(targets) - set(TARGETS):
        parser.error(
            f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}"
        )
    compiler, is_libfuzzer = find_compiler(options.plain)
    print(
        f"{compiler}, {'libFuzzer' if is_libfuzzer else 'changes at random: with clang libFuzzer learns from coverage'}"
    )
    seeds = write_inputs()
    programs = Build(compiler, is_libfuzzer, options.jobs).programs(targets)
    limit = [f"-runs={options.runs}"] if options.runs else [f"-max_total_time={options.seconds}"]
    limit += [f"-seed={options.seed}", *(LIMITS if is_libfuzzer else ())]

    def run(target: str) -> tuple[int, str]:
        folders = [seeds / target]
        if is_libfuzzer:  # the first is what it adds to
            folders.insert(0, BUILD / "corpus" / target)
            folders[0].mkdir(parents=True, exist_ok=True)
        return fuzz(target, programs[target], folders, limit)

    failed = False
    with ThreadPoolExecutor(options.jobs) as pool:
        for target, (runs, report) in zip(targets, pool.map(run, targets), strict=True):
            print(
                f"{target:16} {runs:10} runs  {'FOUND' if report else 'nothing found'}", flush=True
            )
            if report:
                failed = True
                print(report)
    sys.exit(failed)


if __name__ == "__main__":
    main()
