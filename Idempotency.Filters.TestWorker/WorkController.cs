using System.Security.Cryptography;
using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.TestWorker;

/// <summary>Actions whose answers are random, so that equal answers are one answer; they tell what they do while they do it.</summary>
[ApiController]
public class WorkController(IIdempotencyContext idempotency) : ControllerBase
{
    /// <summary>Rejects a repeat while it runs.</summary>
    [HttpPost("work"), Idempotent]
    public Task<IActionResult> Work(int ms) => RunAsync(ms);

    /// <summary>Lets a repeat wait.</summary>
    [HttpPost("wait"), Idempotent("wait")]
    public Task<IActionResult> WorkOrWait(int ms) => RunAsync(ms);

    /// <summary>Fails, so that its key is given up.</summary>
    [HttpPost("fail"), Idempotent]
    public async Task<IActionResult> Fail(int ms)
    {
        await RunAsync(ms);
        return StatusCode(StatusCodes.Status500InternalServerError);
    }

    private async Task<IActionResult> RunAsync(int ms)
    {
        Tell("started", idempotency.Key);
        // Not undone at the end: a process that was stopped may hear of it when its action has ended.
        idempotency.LeaseLost.Register(static key => Tell("lease-lost", key), idempotency.Key);

        await Task.Delay(ms);

        Tell("finished", idempotency.Key);
        return File(RandomNumberGenerator.GetBytes(32), "application/octet-stream");
    }

    private static void Tell(string what, object? key) => Console.WriteLine($"{what} {key}");
}
