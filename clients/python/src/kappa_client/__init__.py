"""Kappa's API: typed calls in kappa_client.generated, and what takes more than one of them, by hand."""

from . import batches, webhooks
from .client import Kappa
from .http import Problem
from .runs import RunFailed

__all__ = ["Kappa", "Problem", "RunFailed", "batches", "webhooks"]
