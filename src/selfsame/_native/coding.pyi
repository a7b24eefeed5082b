"""The range coder."""



MAX_INPUTS: int = 8
