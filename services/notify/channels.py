"""The channels this installation has: those whose settings are given."""

from __future__ import annotations

from gongkai.serving.clock import Clock
from gongkai.serving.settings import Settings, SettingsFault
from services.notify.adapters.port import Adapter
from services.notify.adapters.sms import Sms, SmsAccount
from services.notify.adapters.smtp import Smtp, SmtpServer
from services.notify.adapters.wechat import Wechat, WechatAccount

_NEEDS = {
    "smtp_url": ("smtp_from",),
    "sms_endpoint": ("sms_key_id", "sms_key_secret", "sms_sign"),
    "wechat_endpoint": ("wechat_app_id", "wechat_secret", "wechat_token"),
}


def open_channels(settings: Settings, clock: Clock) -> list[Adapter]:
    """Make an adapter for each channel that is set.

    Raises:
        SettingsFault: a channel is set by half.
    """
    faults = [
        f"设置了 GONGKAI_{first.upper()}，还缺少 GONGKAI_{name.upper()}"
        for first, names in _NEEDS.items()
        if getattr(settings, first)
        for name in names
        if not getattr(settings, name)
    ]
    if faults:
        raise SettingsFault(*faults)
    adapters: list[Adapter] = []
    if settings.smtp_url:
        adapters.append(Smtp(SmtpServer(settings.smtp_url, settings.smtp_from), clock))
    if settings.sms_endpoint:
        account = SmsAccount(
            settings.sms_endpoint, settings.sms_key_id, settings.sms_key_secret, settings.sms_sign
        )
        adapters.append(Sms(account))
    if settings.wechat_endpoint:
        official = WechatAccount(settings.wechat_endpoint, settings.wechat_app_id, settings.wechat_secret)
        adapters.append(Wechat(official, clock))
    return adapters
