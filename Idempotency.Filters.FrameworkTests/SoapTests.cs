using System.Net.Http.Headers;
using System.ServiceModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SoapCore;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>An endpoint that is a pipeline of middleware.</summary>
internal sealed class SoapTests
{
    [Test]
    public async Task AnswerIsSentOnceAndReplayed()
    {
        await using var app = await StartAsync();

        var first = await app.AnswerAsync("/till", "k", Pay(1));
        Assert.That(first, Does.StartWith("200 ").And.Contains("run 1"));
        Assert.That(await app.AnswerAsync("/till", "k", Pay(1)), Is.EqualTo(first + " replayed"));
        Assert.That(await app.AnswerAsync("/till", "k", Pay(2)), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/till", null, Pay(1)), Is.EqualTo("400 key-missing"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task FaultFreesTheKey()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/till", "k", Pay(0)), Does.StartWith("500 ").And.Contains("nothing to pay"));
        Assert.That(await app.AnswerAsync("/till", "k", Pay(1)), Does.StartWith("200 ").And.Contains("run 1"));
    }

    [Test]
    public async Task DescriptionIsReadWithoutAKey()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/till?wsdl", null), Does.StartWith("200 ").And.Contains("definitions"));
    }

    private static StringContent Pay(int amount) => new(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
        + $"<Pay xmlns=\"http://tempuri.org/\"><amount>{amount}</amount></Pay></s:Body></s:Envelope>",
        new MediaTypeHeaderValue("text/xml", "utf-8"))
    {
        Headers = { { "SOAPAction", "\"http://tempuri.org/ISoapTill/Pay\"" } },
    };

    private static Task<TestApp> StartAsync() => Answers.StartAsync(
        app => ((IEndpointRouteBuilder)app)
            .UseSoapEndpoint<ISoapTill>("/till", new SoapEncoderOptions(), SoapSerializer.XmlSerializer).RequireIdempotency(),
        services => services.AddSoapCore().AddSingleton<ISoapTill, SoapTill>());
}

[ServiceContract]
public interface ISoapTill
{
    [OperationContract]
    string Pay(int amount);
}

public sealed class SoapTill(Runs runs) : ISoapTill
{
    public string Pay(int amount) => amount > 0 ? $"run {runs.Next()}" : throw new FaultException("There is nothing to pay.");
}
