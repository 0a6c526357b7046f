using System.Net;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What a transactional shop promises on every database.</summary>
internal static class ShopPromises
{
    public static async Task ExceptionRollsBackAndFreesTheKeyAsync(this ShopApp app)
    {
        app.Action.Do = async (http, db, idempotency) =>
        {
            await ShopAction.PayAsync(http, db, idempotency);
            throw new InvalidOperationException("after the payment");
        };
        using var failed = await app.PayAsync("a");
        Assert.That(failed.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);

        app.Action.Do = ShopAction.PayAsync;
        using var retry = await app.PayAsync("a");

        Assert.That(retry.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }
}
