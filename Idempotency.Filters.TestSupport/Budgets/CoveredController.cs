using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.TestSupport.Budgets;

[ApiController]
public sealed class CoveredController : ControllerBase
{
    [HttpPost("covered"), Idempotent]
    public ActionResult<Payment> Create(Command command) => Created("/payments/1", Payment.Of(command));
}
