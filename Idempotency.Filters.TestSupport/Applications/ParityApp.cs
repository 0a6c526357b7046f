using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Idempotency.Filters.TestSupport;

/// <summary>An application with one covered endpoint, <c>POST /pay</c>, which answers the number of its run.</summary>
internal static class ParityApp
{
    private static readonly Delegate Run = (Runs runs) => runs.Next();

    public static Task<TestApp> StartAsync(
        Action<IdempotencyOptions>? options = null,
        Delegate? handler = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? pipeline = null,
        TimeProvider? clock = null) =>
        Answers.StartAsync(
            app =>
            {
                pipeline?.Invoke(app);
                app.MapPost("/pay", handler ?? Run).RequireIdempotency();
            },
            s =>
            {
                s.AddIdempotency(options);
                if (clock is not null)
                    s.Replace(ServiceDescriptor.Singleton(clock));
                services?.Invoke(s);
            });

    /// <summary>A handler that signals when it runs, and answers when it is released.</summary>
    public static Delegate Hanging(Signal entered, Signal release, bool onlyFirst = false) => async (Runs runs) =>
    {
        var run = runs.Next();
        entered.Fire();
        if (run == 1 || !onlyFirst)
            await release.WaitAsync();
        return run;
    };

    public static IResult Answer(Runs runs, int status) => Results.Text($"{runs.Next()}", statusCode: status);

    public static StringContent Json(string json) => new(json, null, "application/json");
}
