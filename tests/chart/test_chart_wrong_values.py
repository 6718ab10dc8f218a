"""Wrong values are refused before anything is installed, each with a message one can act on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.helm import refusal

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no image": ({"image": {"repository": ""}}, "image.repository 是空的：没有镜像就无法部署。请写镜像的仓库名"),
    "a tag that moves": ({"image": {"tag": "latest"}}, "image.tag 是 latest：同一标签会换内容，回滚时不知道退到哪一版。请写明确的版本"),
    "a misspelt name": ({"services": {"catalog": {"replica": 3}}}, "at '/services/catalog': additional properties 'replica' not allowed"),
    "text for a number": ({"services": {"portal": {"replicas": "two"}}}, "at '/services/portal/replicas': got string, want integer"),
    "no such level": ({"settings": {"logLevel": "verbose"}}, "at '/settings/logLevel': value must be one of 'debug', 'info', 'warning', 'error'"),
    "an even number of copies": ({"nats": {"replicas": 2}}, "at '/nats/replicas': value must be one of 1, 3, 5"),
    "a password among the values": ({"nats": {"url": "nats://gongkai:p4ss@nats:4222"}}, "nats.url 里有用户名或口令：values 不是放机密的地方。请去掉，凭据由各服务的 Secret 里的 nats.creds 给出"),
    "a folder of one machine": ({"content": {"url": "file:///var/lib/gongkai"}}, "content.url “file:///var/lib/gongkai”是本机目录：容器的根目录只读，副本之间也看不到彼此的文件。请写 s3://桶/前缀"),
    "an address with a path": ({"portal": {"publicUrl": "https://example.gov.cn/gongkai/"}}, "portal.publicUrl “https://example.gov.cn/gongkai/”不是网站的地址：应为 https://主机，后面不带路径和斜线"),
    "a database's address for its Secret's name": ({"services": {"search": {"database": {"secret": "postgresql+psycopg://search:p4ssw0rd@db/search"}}}}, "services.search.database.secret “postgresql+p”不是对象的名称：要写命名空间里已有的 Secret 或 ConfigMap 的名称，不是机密本身"),
    "a channel without its signature": ({"notify": {"sms": {"enabled": True}}}, "notify.sms 已启用，而 sign 是空的：没有审核通过的签名，短信发不出去。请写签名名称，或设 notify.sms.enabled=false"),
    "a size without its unit": ({"services": {"publishing": {"resources": {"limits": {"memory": "1024"}}}}}, "services.publishing.resources.limits.memory “1024”不是大小：应写作 512Mi 或 1Gi"),
    "metrics that nobody may read": ({"serviceMonitor": {"enabled": True}}, "serviceMonitor 已启用，而 networkPolicy.metricsFrom 是空的：网络策略会挡住 Prometheus"),
    "a value taken away": ({"services": {"search": {"database": None}}}, "at '/services/search': missing property 'database'"),
    "a drain that never ends": ({"settings": {"drainSeconds": 3600}}, "at '/settings/drainSeconds': maximum: got 3,600, want 300"),
}  # fmt: skip


@pytest.mark.parametrize("which", WRONG)
def test_a_wrong_value_is_answered_with_what_is_wrong_and_what_to_write(which: str) -> None:
    """Each value names its path and says what would be right; a secret that was pasted in is not repeated."""
    values, said = WRONG[which]
    answer = refusal(values)
    assert said in answer
    assert "p4ss" not in answer


def test_all_faults_are_said_at_once() -> None:
    """Who starts from nothing is told of every required value in one answer."""
    nothing = {
        "image": {"repository": ""},
        "nats": {"url": ""},
        "content": {"url": ""},
        "portal": {"publicUrl": ""},
    }
    said = refusal(nothing)
    assert "有 4 处不对" in said
    assert all(path in said for path in ("image.repository", "nats.url", "content.url", "portal.publicUrl"))
