using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.ApplicationParts;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.TestSupport;

/// <summary>A real application on Kestrel, on a free loopback port, with only the controllers that the test names.</summary>
internal sealed class TestApp : IAsyncDisposable
{
    private TestApp(WebApplication app, LogSink logs)
    {
        App = app;
        Logs = logs;
        Address = new Uri(app.Urls.First());
        Client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = Address };
    }

    public WebApplication App { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    /// <summary>Every line logged since the start.</summary>
    public LogSink Logs { get; }

    public IServiceProvider Services => App.Services;

    /// <param name="controllers">The controllers of the application.</param>
    /// <param name="services">Adds services; null = <c>AddIdempotency()</c> alone. Controllers are added already.</param>
    /// <param name="pipeline">Adds middleware and endpoints; controllers are mapped already.</param>
    /// <param name="server">Configures the server further.</param>
    public static async Task<TestApp> StartAsync(
        Type[] controllers,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? pipeline = null,
        Action<WebApplicationBuilder>? server = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();

        var logs = new LogSink();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddControllers().ConfigureApplicationPartManager(parts => Only(parts, controllers));
        (services ?? (s => s.AddIdempotency()))(builder.Services);
        server?.Invoke(builder);

        var app = builder.Build();
        try
        {
            pipeline?.Invoke(app);
            app.MapControllers();
            await app.StartAsync();
            return new TestApp(app, logs);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a POST with a key; null = no key.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string? key, HttpContent? content = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }

    private static void Only(ApplicationPartManager parts, Type[] controllers)
    {
        parts.ApplicationParts.Clear();
        parts.FeatureProviders.Clear();
        parts.ApplicationParts.Add(new Controllers(controllers));
        parts.FeatureProviders.Add(new ControllerFeatureProvider());
    }

    private sealed class Controllers(Type[] types) : ApplicationPart, IApplicationPartTypeProvider
    {
        public override string Name => "Test";

        public IEnumerable<TypeInfo> Types => types.Select(type => type.GetTypeInfo());
    }
}
