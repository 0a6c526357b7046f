using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.TestSupport.Budgets;

[ApiController]
public sealed class BareController : ControllerBase
{
    [AcceptVerbs("POST", "PUT", Route = "bare"), IdempotencyExempt]
    public ActionResult<Payment> Create(Command command) => Created("/payments/1", Payment.Of(command));
}
