using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Wire;

internal sealed class ReplayTests
{
    [Test]
    public async Task RetryGetsTheFirstAnswerAndTheActionRunsOnce()
    {
        await using var app = await TestApp.StartAsync([typeof(ReplayController)]);

        using var first = await app.PostAsync("/payments", "k1", JsonContent.Create(new { amount = 1 }));
        using var retry = await app.PostAsync("/payments", "k1", JsonContent.Create(new { amount = 1 }));

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(first.Headers.Contains("Idempotent-Replayed"), Is.False);
        Assert.That(retry.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(retry.Headers.GetValues("Idempotent-Replayed"), Is.EqualTo(["true"]));
        Assert.That(retry.Headers.Location, Is.EqualTo(first.Headers.Location));
        Assert.That(await retry.Content.ReadAsByteArrayAsync(), Is.EqualTo(await first.Content.ReadAsByteArrayAsync()));
    }
}

[ApiController, Route("payments")]
public sealed class ReplayController : ControllerBase
{
    [HttpPost, Idempotent]
    public ActionResult<object> Create(Dictionary<string, int> command)
    {
        var id = Guid.NewGuid();
        return Created($"/payments/{id}", new { id, amount = command["amount"] });
    }
}
