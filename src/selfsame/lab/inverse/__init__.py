"""The inverse encoder of "Learning Fractals by Gradient Descent", a baseline."""
