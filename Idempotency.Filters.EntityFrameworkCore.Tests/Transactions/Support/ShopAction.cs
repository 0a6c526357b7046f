using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What the action of a test does, on either host.</summary>
public sealed class ShopAction
{
    private int _runs;

    /// <summary>Answers with a status and a text. The default saves one payment and answers 201 with its id.</summary>
    public Func<HttpContext, ShopContext, IIdempotencyContext, Task<(int Status, string Text)>> Do { get; set; } = PayAsync;

    /// <summary>How often an action began.</summary>
    public int Runs => _runs;

    public async Task<(int Status, string Text)> RunAsync(HttpContext http, ShopContext db, IIdempotencyContext idempotency)
    {
        Interlocked.Increment(ref _runs);
        return await Do(http, db, idempotency);
    }

    public static async Task<(int Status, string Text)> PayAsync(HttpContext http, ShopContext db, IIdempotencyContext idempotency)
    {
        var payment = new Payment { Key = idempotency.Key!, Amount = 10 };
        db.Add(payment);
        await db.SaveChangesAsync(http.RequestAborted);
        return (StatusCodes.Status201Created, payment.Id.ToString());
    }
}
