using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OData;
using Microsoft.AspNetCore.OData.Batch;
using Microsoft.AspNetCore.OData.Routing.Controllers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OData.Edm;
using Microsoft.OData.ModelBuilder;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>The requests of an OData <c>$batch</c>, which share one scope of services.</summary>
internal sealed class ODataBatchTests
{
    [Test]
    public async Task EachRequestOfABatchRunsOnceAndIsReplayed()
    {
        await using var app = await StartAsync();

        var first = await BatchAsync(app, ("k1", 1), ("k2", 2), ("k3", 3));
        var retry = await BatchAsync(app, ("k1", 1), ("k2", 2), ("k3", 3));

        Assert.That(first, Is.EqualTo(["201 k1 1", "201 k2 2", "201 k3 3"]));
        Assert.That(retry, Is.EqualTo(["201 k1 1 replayed", "201 k2 2 replayed", "201 k3 3 replayed"]));
        Assert.That(app.Runs(), Is.EqualTo(3));
    }

    [Test]
    public async Task EachRequestOfABatchNeedsAKey()
    {
        await using var app = await StartAsync();

        string[] refused = ["400 key-missing", "400 key-missing", "400 key-missing"];
        Assert.That(await BatchAsync(app, (null, 1), (null, 2), (null, 3)), Is.EqualTo(refused));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task EachRequestOfABatchIsComparedByItsOwnBody()
    {
        await using var app = await StartAsync();
        await BatchAsync(app, ("k1", 1), ("k2", 2));

        Assert.That(await BatchAsync(app, ("k1", 1), ("k2", 3)), Is.EqualTo(["201 k1 1 replayed", "422 key-reused"]));
        Assert.That(app.Logs.Lines.Count(line => line.Id.Id == 34), Is.Zero);
    }

    [Test]
    public async Task RequestThatIsNotCoveredSeesNoKeyOfTheOneBeforeIt()
    {
        await using var app = await StartAsync();

        Assert.That(await BatchAsync(app, ("k1", 1), ("free", 2)), Is.EqualTo(["201 k1 1", "201  2"]));
    }

    private static Task<TestApp> StartAsync() => Answers.StartAsync(
        [typeof(PaymentsController), typeof(FreeController)],
        services =>
        {
            // A service of the scope, which all requests of the batch share.
            services.AddScoped<ODataService>();
            services.AddControllers().AddOData(
                options => options.AddRouteComponents("odata", Model(), new DefaultODataBatchHandler()));
        },
        app =>
        {
            app.UseODataBatching();
            app.UseRouting();
        });

    /// <summary>Sends one batch. The key "free" stands for a request to an action that is not covered.</summary>
    private static async Task<string[]> BatchAsync(TestApp app, params (string? Key, int Amount)[] requests)
    {
        using var response = await app.PostAsync("/odata/$batch", null, JsonContent.Create(new
        {
            requests = requests.Select((request, id) => new
            {
                id = $"{id}",
                method = "POST",
                url = request.Key == "free" ? "Free" : "Payments",
                headers = Headers(request.Key),
                body = new { Amount = request.Amount },
            }),
        }));
        var text = await response.TextAsync();
        Assert.That((int)response.StatusCode, Is.EqualTo(200), text);
        return [.. JsonElement.Parse(text).GetProperty("responses").EnumerateArray().Select(Describe)];
    }

    private static IEdmModel Model()
    {
        var model = new ODataConventionModelBuilder();
        model.EntitySet<ODataPayment>("Payments");
        model.EntitySet<ODataPayment>("Free");
        return model.GetEdmModel();
    }

    private static Dictionary<string, string> Headers(string? key)
    {
        var headers = new Dictionary<string, string> { ["Content-Type"] = "application/json" };
        if (key is not null)
            headers["Idempotency-Key"] = key;
        return headers;
    }

    private static string Describe(JsonElement response)
    {
        if (!response.TryGetProperty("body", out var body) || body.ValueKind is not JsonValueKind.Object)
            return $"{response}";

        var replayed = response.GetProperty("headers").EnumerateObject()
            .Any(header => header.Name.Equals("Idempotent-Replayed", StringComparison.OrdinalIgnoreCase));
        return $"{response.GetProperty("status")} "
            + (body.TryGetProperty("Key", out var key) ? $"{key} {body.GetProperty("Amount")}"
                : body.TryGetProperty("code", out var code) ? $"{code}" : $"{body}")
            + (replayed ? " replayed" : "");
    }
}

public sealed class ODataService(IIdempotencyContext idempotency)
{
    public string? Key => idempotency.Key;
}

public sealed class ODataPayment
{
    public int Id { get; set; }

    public int Amount { get; set; }

    public string? Key { get; set; }
}

public sealed class PaymentsController(Runs runs, ODataService service) : ODataController
{
    [HttpPost, Idempotent]
    public IActionResult Post([FromBody] ODataPayment payment)
    {
        (payment.Id, payment.Key) = (runs.Next(), service.Key);
        return Created(payment);
    }
}

public sealed class FreeController(Runs runs, ODataService service) : ODataController
{
    [HttpPost]
    public IActionResult Post([FromBody] ODataPayment payment)
    {
        (payment.Id, payment.Key) = (runs.Next(), service.Key);
        return Created(payment);
    }
}
