"""Trainings, whatever they train."""
