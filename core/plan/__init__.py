"""What a spec amounts to: studies, trials and runs, as pure functions."""

from core.plan.planner import Plan, RunPlan, Stage, StudyPlan, compare_runs, make_plan, search_runs

__all__ = ["Plan", "RunPlan", "Stage", "StudyPlan", "compare_runs", "make_plan", "search_runs"]
