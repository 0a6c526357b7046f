using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.TestSupport.Contracts;

[ApiController, Route("chaos")]
public sealed class ChaosController(Script script) : ControllerBase
{
    [HttpPost, Idempotent]
    public Task<IActionResult> Post() => script.RunAsync(HttpContext);

    [HttpPost("warm-up"), Idempotent]
    public IActionResult WarmUp() => Created();
}
