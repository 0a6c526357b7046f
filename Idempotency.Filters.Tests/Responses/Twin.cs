using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>The same endpoints in two applications: one covers them, the other does not use the library.</summary>
internal sealed class Twin : IAsyncDisposable
{
    private Twin(TestApp covered, TestApp bare)
    {
        Covered = covered;
        Bare = bare;
    }

    public TestApp Covered { get; }

    public TestApp Bare { get; }

    /// <param name="controllers">Their actions carry no attribute of the library.</param>
    /// <param name="options">The library's settings.</param>
    /// <param name="services">More services for both.</param>
    /// <param name="middleware">The middleware of both applications.</param>
    /// <param name="endpoints">The Minimal APIs of both applications.</param>
    public static async Task<Twin> StartAsync(
        Type[] controllers,
        Action<IdempotencyOptions>? options = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? middleware = null,
        Action<RouteGroupBuilder>? endpoints = null)
    {
        var bare = await TestApp.StartAsync(controllers, Services, Pipeline);
        var covered = await TestApp.StartAsync(
            controllers,
            collection =>
            {
                Services(collection);
                collection.AddIdempotency(options);
                collection.Configure<MvcOptions>(mvc => mvc.Filters.Add<IdempotencyFilter>());
            },
            app =>
            {
                middleware?.Invoke(app);
                endpoints?.Invoke(app.MapGroup("").RequireIdempotency());
            });
        return new Twin(covered, bare);

        void Services(IServiceCollection collection) => services?.Invoke(collection);

        void Pipeline(WebApplication app)
        {
            middleware?.Invoke(app);
            endpoints?.Invoke(app.MapGroup(""));
        }
    }

    /// <summary>Calls the bare application once and the covered one twice, with one key.</summary>
    public async Task<(Answer Bare, Answer First, Answer Retry)> AskAsync(string path) =>
        (await Bare.AskAsync(path), await Covered.AskAsync(path), await Covered.AskAsync(path));

    /// <summary>Asserts that the client got the action's own response untouched, and again as a replay.</summary>
    public async Task AssertUntouchedAndReplayedAsync(string path)
    {
        var (bare, first, retry) = await AskAsync(path);

        AssertUntouchedAndReplayed(bare, first, retry);
    }

    /// <inheritdoc cref="AssertUntouchedAndReplayedAsync"/>
    public static void AssertUntouchedAndReplayed(Answer bare, Answer first, Answer retry)
    {
        Assert.That(first.Content(), Is.EqualTo(bare.Content()), "The first answer is not the action's own.");
        Assert.That(retry.Whole(), Is.EqualTo(first.Whole()), "The retry is not the first answer.");
        Assert.That((first.IsReplay, retry.IsReplay), Is.EqualTo((false, true)));
    }

    public async ValueTask DisposeAsync()
    {
        await Covered.DisposeAsync();
        await Bare.DisposeAsync();
    }
}

internal static class Asking
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Sends a POST whose key is its path, and reads the whole answer.</summary>
    public static Task<Answer> AskAsync(this TestApp app, string path, params (string Name, string Value)[] headers) =>
        app.AskAsync(path, path, headers);

    public static async Task<Answer> AskAsync(this TestApp app, string path, string key, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/" + path);
        request.Headers.Host = "api.example";
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key.Replace('/', '-'));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Answer.OfAsync(await app.Client.SendAsync(request).WaitAsync(Patience)).WaitAsync(Patience);
    }

    /// <summary>Sends a POST whose key is its path, and does not read the body of the answer.</summary>
    public static Task<HttpResponseMessage> OpenAsync(this TestApp app, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/" + path);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", path.Replace('/', '-'));
        return app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
    }

    public static Task Soon(this Task task) => task.WaitAsync(Patience);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Patience);
}
