using System.Net.Http.Headers;
using Asp.Versioning;
using Asp.Versioning.Builder;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Requests;

/// <summary>The recipes of docs/keys.md with Asp.Versioning: a key of version 1 never gets its answer under version 2.</summary>
internal sealed class ApiVersionTests
{
    private static readonly TestCaseData[] Recipes =
    [
        new TestCaseData(new HeaderApiVersionReader("api-version"), "api-version", "/v", "api-version: {0}", null)
            .SetName("Version in a header"),
        new TestCaseData(new MediaTypeApiVersionReader("v"), "Accept", "/v", "Accept: application/json;v={0}", null)
            .SetName("Version in a parameter of Accept"),
        new TestCaseData(new MediaTypeApiVersionReader("v"), null, "/v", null, "application/json; v={0}; charset=utf-8")
            .SetName("Version in a parameter of the content type"),
        new TestCaseData(new QueryStringApiVersionReader("api-version"), null, "/v?api-version={0}", null, null)
            .SetName("Version in the query"),
        new TestCaseData(new UrlSegmentApiVersionReader(), null, "/v{0}/v", null, null).SetName("Version in the path"),
    ];

    [TestCaseSource(nameof(Recipes))]
    public async Task VersionTwoNeverGetsTheAnswerOfVersionOne(
        IApiVersionReader reader, string? header, string path, string? sent, string? contentType)
    {
        await using var app = await Answers.StartAsync(
            [typeof(VersionOneController), typeof(VersionTwoController)],
            services =>
            {
                services.AddIdempotency(o => o.FingerprintHeaders = header is null ? [] : [header]);
                services.AddApiVersioning(o => o.ApiVersionReader = reader).AddMvc();
            },
            app => MapMinimal(app.NewVersionedApi()));

        foreach (var prefix in new[] { "", "/minimal" })
        {
            async Task<string> SendAsync(string key, int version)
            {
                var body = new StringContent("{}", null, "application/json");
                if (contentType is not null)
                    body.Headers.ContentType = MediaTypeHeaderValue.Parse(string.Format(null, contentType, version));
                return await app.AnswerAsync(
                    prefix + string.Format(null, path, version), prefix + key, body,
                    sent is null ? [] : [string.Format(null, sent, version)]);
            }

            Assert.That(await SendAsync("k", 1), Is.EqualTo("200 one"));
            Assert.That(await SendAsync("k", 2), Is.EqualTo("422 key-reused"));
            Assert.That(await SendAsync("k", 1), Is.EqualTo("200 one replayed"));
            Assert.That(await SendAsync("k2", 2), Is.EqualTo("200 two"));
            Assert.That(await SendAsync("k2", 2), Is.EqualTo("200 two replayed"));
        }
    }

    private static void MapMinimal(IVersionedEndpointRouteBuilder versions)
    {
        foreach (var path in new[] { "/minimal/v", "/minimal/v{version:apiVersion}/v" })
        {
            versions.MapPost(path, () => Results.Text("one")).HasApiVersion(1).RequireIdempotency();
            versions.MapPost(path, () => Results.Text("two")).HasApiVersion(2).RequireIdempotency();
        }
    }
}

[ApiController, ApiVersion(1), Route("v"), Route("v{version:apiVersion}/v")]
public sealed class VersionOneController : ControllerBase
{
    [HttpPost, Idempotent]
    public string Post() => "one";
}

[ApiController, ApiVersion(2), Route("v"), Route("v{version:apiVersion}/v")]
public sealed class VersionTwoController : ControllerBase
{
    [HttpPost, Idempotent]
    public string Post() => "two";
}
