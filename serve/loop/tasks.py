"""The loop's tasks, by the names under which they are deferred."""

from __future__ import annotations

from serve.database.engine import Database
from serve.jobs import Task
from serve.loop.cases import ANNOUNCE, EXPIRE
from serve.loop.deadlines import Deadlines
from serve.loop.follow_ups import LOWER
from serve.loop.good_faith.lost_trust import LostTrust
from serve.loop.push.deliveries import DELIVER, Deliverer
from serve.loop.push.egress import Egress
from serve.loop.push.marketplace import MarketplaceTeller
from serve.loop.stock.mark_search import MarkSearcher
from serve.loop.stock.stock_search import StockSearch
from serve.loop.texts.text_sweep import TextSweeper
from serve.settings import Settings


def loop_tasks(
    database: Database, settings: Settings, *, stock: StockSearch, texts: TextSweeper, marks: MarkSearcher
) -> dict[str, Task]:
    """What a `JobRunner` runs."""
    egress = Egress(proxy=settings.webhook_proxy, inside=settings.webhooks_inside)
    deadlines = Deadlines(database, fallback=settings.unanswered_cases)
    return {
        DELIVER: Deliverer(database, egress=egress).deliver,
        LOWER: LostTrust(database).lower,
        ANNOUNCE: deadlines.announce,
        EXPIRE: deadlines.expire,
        **MarketplaceTeller(database).tasks,
        **stock.tasks,
        **texts.tasks,
        **marks.tasks,
    }
