using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Limits how long a client may take to send a body that must be there before the action runs. Otherwise a client that stalls would hold
/// memory for as long as the server bears with it, which is hours.
/// </summary>
internal static class BodyPatience
{
    /// <param name="http">The request.</param>
    /// <param name="limit">How long the client may take; null = no limit but the server's.</param>
    /// <param name="read">Reads the body.</param>
    /// <exception cref="RequestBodyTooSlowException">The body did not come in time.</exception>
    public static async ValueTask<T> ReadAsync<T>(HttpContext http, TimeSpan? limit, Func<CancellationToken, ValueTask<T>> read)
    {
        if (limit is not { } time)
            return await read(http.RequestAborted);

        using var timer = new CancellationTokenSource(time, http.RequestServices.GetRequiredService<TimeProvider>());
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, http.RequestAborted);
        try
        {
            return await read(either.Token);
        }
        catch (OperationCanceledException exception)
            when (timer.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            throw new RequestBodyTooSlowException(exception);
        }
    }
}
