using System.Transactions;
using Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using ShopContext = Idempotency.Filters.EntityFrameworkCore.Tests.Transactions.ShopContext;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>Actions in a TransactionScope of the application.</summary>
[ApiController, Route("scoped")]
public sealed class ScopedController(ShopContext db, IIdempotencyContext idempotency) : ControllerBase
{
    [HttpPost("kept"), Idempotent]
    public async Task<IActionResult> Keep()
    {
        db.Add(new Payment { Key = idempotency.Key! });
        await db.SaveChangesAsync();
        var scope = Transaction.Current!.TransactionInformation;
        return Content(scope.Status is TransactionStatus.Active && scope.DistributedIdentifier == Guid.Empty ? "undisturbed" : "disturbed");
    }

    [HttpPost("refused"), Idempotent]
    public async Task<IActionResult> Decline()
    {
        db.Add(new Payment { Key = idempotency.Key! });
        await db.SaveChangesAsync();
        return new ContentResult { StatusCode = StatusCodes.Status402PaymentRequired, Content = "declined" };
    }

    [HttpPost("transactional"), Idempotent("transactional")]
    public Task<IActionResult> Transact() => Keep();
}
