using Microsoft.AspNetCore.Mvc;
using StackExchange.Redis;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>The same action over the bare commands of Redis, through the same multiplexer: what the store is held against.</summary>
[ApiController]
public sealed class FloorController(IConnectionMultiplexer redis) : ControllerBase
{
    [HttpPost(Paths.FirstFloor)]
    public async Task<ActionResult<Payment>> FirstAsync(CreatePayment command)
    {
        var (floor, key) = (Floor(), Key());
        await floor.ClaimAsync(key);
        var payment = Payment.Of(command);
        await floor.CompleteAsync(key);
        return Created("/payments/1", payment);
    }

    /// <summary>Sends what it finds, as a replay does, and reads no body.</summary>
    [HttpPost(Paths.ReplayFloor)]
    public async Task ReplayAsync()
    {
        var record = await Floor().ReadAsync(Key());
        Response.StatusCode = StatusCodes.Status201Created;
        Response.ContentType = "application/json; charset=utf-8";
        Response.ContentLength = record.Length;
        await Response.Body.WriteAsync(record);
    }

    private RedisFloor Floor() => new(redis, (int)Request.ContentLength!.Value);

    private string Key() => Request.Headers["Idempotency-Key"].ToString();
}
