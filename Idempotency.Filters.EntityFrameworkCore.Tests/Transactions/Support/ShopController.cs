using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

[ApiController]
public sealed class ShopController(ShopAction action, ShopContext db, IIdempotencyContext idempotency) : ControllerBase
{
    [HttpPost("mvc/payments"), Idempotent("shop")]
    public async Task<IActionResult> Pay()
    {
        var (status, text) = await action.RunAsync(HttpContext, db, idempotency);
        return new ContentResult { StatusCode = status, Content = text, ContentType = "text/plain" };
    }

    [HttpPost("mvc/manual"), IdempotencyManual("shop")]
    public Task<IActionResult> PayOrRepeat() => Pay();
}
