"""The main job on real bids: calibrate a market, train bidders in it, judge them, write the report."""

from econo_env.training.demo.pipeline import DemoResult, DemoSettings, run_demo

__all__ = ["DemoResult", "DemoSettings", "run_demo"]
