"""The checks of tritonclient_check.py."""

from . import inference, memory, models, streams
from .subject import CHECKS, CLIENTS, Subject

__all__ = ["CHECKS", "CLIENTS", "Subject", "inference", "memory", "models", "streams"]
