"""Samples and labels for a network: what they come as, checking, splitting and scoring."""

from .dataset import Dataset, SampleSource, StoredBatch, parts
from .load import array_names, load_data
from .metric import Metric, MetricFunction, Metrics, named_metrics, regression_metrics, value_of
from .scores import predict, top1
from .source import Data, DataSource, data_source

__all__ = [
    "Data",
    "DataSource",
    "Dataset",
    "Metric",
    "MetricFunction",
    "Metrics",
    "SampleSource",
    "StoredBatch",
    "array_names",
    "data_source",
    "load_data",
    "named_metrics",
    "parts",
    "predict",
    "regression_metrics",
    "top1",
    "value_of",
]
