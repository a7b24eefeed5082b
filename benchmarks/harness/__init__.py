"""What all benchmarks share: options, timing, the record of a run and its schema, tables.

``plotting`` and ``captions`` draw, ``kept`` keeps finished work; they are imported by themselves.
"""

from benchmarks.harness.document import RESULTS as RESULTS
from benchmarks.harness.document import check_result as check_result
from benchmarks.harness.document import output_folder as output_folder
from benchmarks.harness.document import plain as plain
from benchmarks.harness.document import publish as publish
from benchmarks.harness.document import record as record
from benchmarks.harness.options import parser as parser
from benchmarks.harness.options import run as run
from benchmarks.harness.options import say as say
from benchmarks.harness.tables import markdown_table as markdown_table
from benchmarks.harness.tables import mean as mean
from benchmarks.harness.tables import standard_error as standard_error
from benchmarks.harness.tables import write_csv as write_csv
from benchmarks.harness.timing import Timing as Timing
from benchmarks.harness.timing import measure as measure
