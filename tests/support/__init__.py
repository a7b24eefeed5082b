"""What several tests share: sample codes, slow references, toy tasks."""

from pathlib import Path

SUPPORT = Path(__file__).parent
ROOT = SUPPORT.parents[1]
