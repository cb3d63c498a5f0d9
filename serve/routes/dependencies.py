"""What routes ask for, by name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from serve.access.auth import Permit
from serve.access.keys import Caller
from serve.service import Service
from serve.workload import Workload


def open_service_of(request: Request) -> Service:
    """The service behind the application. Raises `Problem` (503) while it starts."""
    service: Service = request.app.state.startup.service
    return service


def workload_of(request: Request) -> Workload:
    """What bounds the computations of this process."""
    workload: Workload = request.app.state.workload
    return workload


OpenService = Annotated[Service, Depends(open_service_of)]
BoundedWork = Annotated[Workload, Depends(workload_of)]

BrandCreator = Annotated[Caller, Depends(Permit("brands.create"))]
BrandReader = Annotated[Caller, Depends(Permit("brands.read"))]
BrandEditor = Annotated[Caller, Depends(Permit("brands.change"))]
ReferenceCreator = Annotated[Caller, Depends(Permit("references.create"))]
ReferenceReader = Annotated[Caller, Depends(Permit("references.read"))]
ReferenceEditor = Annotated[Caller, Depends(Permit("references.change"))]
ScanSender = Annotated[Caller, Depends(Permit("scans.create"))]
ScanReader = Annotated[Caller, Depends(Permit("scans.read"))]
RightsHolderCreator = Annotated[Caller, Depends(Permit("rights_holders.create"))]
RightsHolderReader = Annotated[Caller, Depends(Permit("rights_holders.read"))]
RightsHolderEditor = Annotated[Caller, Depends(Permit("rights_holders.change"))]
Clerk = Annotated[Caller, Depends(Permit("juries.run"))]
LabelReader = Annotated[Caller, Depends(Permit("labels.read"))]
CreditReader = Annotated[Caller, Depends(Permit("credit.read"))]
Overseer = Annotated[Caller, Depends(Permit("rights_holders.oversee"))]
WebhookReader = Annotated[Caller, Depends(Permit("webhooks.read"))]
WebhookEditor = Annotated[Caller, Depends(Permit("webhooks.change"))]
MarketplaceWebhookReader = Annotated[Caller, Depends(Permit("marketplace_webhook.read"))]
MarketplaceWebhookEditor = Annotated[Caller, Depends(Permit("marketplace_webhook.change"))]
ListingSender = Annotated[Caller, Depends(Permit("listings.create"))]
ListingReader = Annotated[Caller, Depends(Permit("listings.read"))]
RuleReader = Annotated[Caller, Depends(Permit("listing_rules.read"))]
TextExaminer = Annotated[Caller, Depends(Permit("listing_rules.clear"))]
CaseReader = Annotated[Caller, Depends(Permit("cases.read"))]
Judge = Annotated[Caller, Depends(Permit("cases.judge"))]
Complainant = Annotated[Caller, Depends(Permit("complaints.create"))]
ComplaintReader = Annotated[Caller, Depends(Permit("complaints.read"))]
Examiner = Annotated[Caller, Depends(Permit("complaints.decide"))]
CounterNoticeSender = Annotated[Caller, Depends(Permit("counter_notices.create"))]
PolicyReader = Annotated[Caller, Depends(Permit("policies.read"))]
PolicyEditor = Annotated[Caller, Depends(Permit("policies.change"))]
SellerReader = Annotated[Caller, Depends(Permit("sellers.read"))]
NetworkReader = Annotated[Caller, Depends(Permit("networks.read"))]
ReportReader = Annotated[Caller, Depends(Permit("report.read"))]
NoticeReader = Annotated[Caller, Depends(Permit("notices.read"))]
