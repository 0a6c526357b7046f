using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.CampaignWorker;

[ApiController]
public sealed class PaymentsController(Payments payments) : ControllerBase
{
    [HttpPost("mvc"), Idempotent]
    public Task<string> Pay(int ms) => payments.PayAsync(ms);
}
