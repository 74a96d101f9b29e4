"""What jobs have cost, as Snakemake's benchmark files say."""

import math

import pytest

from replasticity.errors import UserError
from replasticity.pipeline import costs

HEAD = "s\th:m:s\tmax_rss\tcpu_time\tresources\n"


def test_each_job_is_told_by_its_rule(tmp_path):
    (tmp_path / "simulate" / "a").mkdir(parents=True)
    (tmp_path / "simulate" / "a" / "seeds-1-3.tsv").write_text(HEAD + "8.1\t0:00:08\t200.4\t7.5\t{'mem_mb': 600}\n")
    (tmp_path / "check.tsv").write_text(HEAD + "0.1\t0:00:00\tNA\t-\t{}\n")
    short, long = costs.of_jobs(tmp_path)
    assert (long.job, long.rule, long.wall_s) == ("simulate/a/seeds-1-3", "simulate", 8.1)
    assert (long.cpu_s, long.memory_MB, long.resources) == (7.5, 200.4, {"mem_mb": 600})
    assert (short.job, short.rule, short.wall_s, short.resources) == ("check", "check", 0.1, {})
    assert math.isnan(short.cpu_s)
    assert math.isnan(short.memory_MB)


@pytest.mark.parametrize(
    "content",
    [
        "rubbish\n1\n",
        HEAD + "8.1\n",
        HEAD + "8.1\t0:00:08\tmuch\t7.5\t{}\n",
        HEAD + "8.1\t0:00:08\t200\t7.5\t{'mem_mb'\n",
        HEAD + "8.1\t0:00:08\t200\t7.5\t[1]\n",
        HEAD + "8.1\t0:00:08\t200\t7.5\tNone\n",
        HEAD + "8.1\t0:00:08\t200\t7.5\t" + "[" * 50_000 + "\n",
        HEAD + "8.1\t0:00:08\t200\t7.5\t" + "-" * 90_000 + "1\n",
        HEAD + "8.1\t0:00:08\t200\t7.5\t" + "1" * 200_000 + "\n",
        HEAD + "NA\t0:00:08\t200\t7.5\t{}\n",
        HEAD + "nan\t0:00:08\t200\t7.5\t{}\n",
        HEAD + "8.1\t0:00:08\tinf\t7.5\t{}\n",
        HEAD + "8.1\t0:00:08\t200\t-7.5\t{}\n",
        HEAD + "8.1\t0:00:08\t200\t1e300\t{}\n",
        "\ud800",
    ],
)
def test_another_file_is_told_in_one_line(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "check.tsv").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(UserError, match=r"^check.tsv: no benchmark of Snakemake; delete it$"):
        list(costs.of_jobs(tmp_path))
